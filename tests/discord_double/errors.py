"""Discord's refusals, each with its HTTP status and JSON code.

    Refusal                what the REST API answers instead of doing what was asked
    └── InvalidForm        code 50035 with a tree of what is wrong in which field

People's actions raise the same refusals: they obey the same rules as a bot.
Nobody documents the HTTP status of every code. Those of 160005 (403), of 50083 (400) and of
30034 (400) are assumed, so a client should go by the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .permissions import Permission


class Refusal(Exception):  # noqa: N818 - the domain's word; it is an answer, not a crash
    """The API says no.

    `status` is the HTTP status, `code` Discord's JSON error code.
    """

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status} {message} (code {code})")
        self.status: Final = status
        self.code: Final = code
        self.message: Final = message

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        return {"message": self.message, "code": self.code}


class InvalidForm(Refusal):
    """One or more fields break a rule.

    `problems` holds (path, problem code, explanation); a path is dotted, and list
    positions are numbers: "embeds.0.description".
    """

    def __init__(self, problems: list[tuple[str, str, str]]) -> None:
        super().__init__(400, 50035, "Invalid Form Body")
        self.problems: Final = tuple(problems)

    def __str__(self) -> str:
        told = "; ".join(f"{path}: {why}" for path, _, why in self.problems)
        return f"{super().__str__()}: {told}"

    def body(self) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for path, problem, why in self.problems:
            node = tree
            for step in path.split("."):
                node = node.setdefault(step, {})
            node.setdefault("_errors", []).append({"code": problem, "message": why})
        return {**super().body(), "errors": tree}


def unauthorized() -> Refusal:
    return Refusal(401, 0, "401: Unauthorized")


def no_such_route() -> Refusal:
    return Refusal(404, 0, "404: Not Found")


def invalid_json() -> Refusal:
    return Refusal(400, 50109, "The request body contains invalid JSON.")


def unknown_application() -> Refusal:
    return Refusal(404, 10002, "Unknown Application")


def unknown_channel() -> Refusal:
    return Refusal(404, 10003, "Unknown Channel")


def unknown_guild() -> Refusal:
    return Refusal(404, 10004, "Unknown Guild")


def unknown_member() -> Refusal:
    return Refusal(404, 10007, "Unknown Member")


def unknown_message() -> Refusal:
    return Refusal(404, 10008, "Unknown Message")


def unknown_role() -> Refusal:
    return Refusal(404, 10011, "Unknown Role")


def unknown_user() -> Refusal:
    return Refusal(404, 10013, "Unknown User")


def unknown_emoji() -> Refusal:
    return Refusal(400, 10014, "Unknown Emoji")


def unknown_webhook() -> Refusal:
    return Refusal(404, 10015, "Unknown Webhook")


def unknown_interaction() -> Refusal:
    return Refusal(404, 10062, "Unknown interaction")


def unknown_command() -> Refusal:
    return Refusal(404, 10063, "Unknown application command")


def too_many_commands(most: int) -> Refusal:
    return Refusal(400, 30032, f"Maximum number of application commands reached ({most}).")


def too_many_command_creates(most: int) -> Refusal:
    why = f"Max number of daily application command creates has been reached ({most})"
    return Refusal(400, 30034, why)


def too_many_reactions() -> Refusal:
    return Refusal(403, 30010, "Maximum number of reactions reached (20)")


def entity_too_large() -> Refusal:
    return Refusal(413, 40005, "Request entity too large")


def forum_needs_a_thread() -> Refusal:
    return Refusal(400, 40058, "Cannot send a message in a forum channel")


def already_acknowledged() -> Refusal:
    return Refusal(400, 40060, "Interaction has already been acknowledged.")


def missing_access() -> Refusal:
    return Refusal(403, 50001, "Missing Access")


def not_on_this_channel_type() -> Refusal:
    return Refusal(400, 50024, "Cannot execute action on this channel type")


def not_the_author() -> Refusal:
    return Refusal(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> Refusal:
    return Refusal(400, 50006, "Cannot send an empty message")


def cannot_message_user() -> Refusal:
    return Refusal(403, 50007, "Cannot send messages to this user")


def system_message() -> Refusal:
    return Refusal(403, 50021, "Cannot execute action on a system message")


def missing_permissions(lacking: Permission | None = None) -> Refusal:
    """Return the refusal; `lacking` is for the reader of a traceback, Discord never tells it."""
    refusal = Refusal(403, 50013, "Missing Permissions")
    if lacking is not None:
        refusal.add_note(f"lacking {lacking.name}")
    return refusal


def invalid_webhook_token() -> Refusal:
    return Refusal(401, 50027, "Invalid Webhook Token")


def bulk_delete_size() -> Refusal:
    return Refusal(
        400,
        50016,
        "Provided too few or too many messages to delete. "
        "Must provide at least 2 and fewer than 100 messages to delete.",
    )


def thread_archived() -> Refusal:
    return Refusal(400, 50083, "Thread is archived")


def poll_message() -> Refusal:
    return Refusal(400, 520003, "Cannot edit a poll message")


def no_reply_without_history() -> Refusal:
    return Refusal(403, 160002, "Cannot reply without permission to read message history")


def thread_exists() -> Refusal:
    return Refusal(400, 160004, "A thread has already been created for this message")


def thread_locked() -> Refusal:
    return Refusal(403, 160005, "Thread is locked")


def too_many_threads() -> Refusal:
    return Refusal(400, 160006, "Maximum number of active threads reached")
