"""What an application command must look like, and what may be given with one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from .jsons import as_list, objects_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .forms import Form
    from .model import JsonObject
    from .world import World

COMMANDS_MAX: Final = 100
CREATES_A_DAY: Final = 200
OPTIONS_MAX: Final = 25
CHOICES_MAX: Final = 25
CHOICE_MAX: Final = 100
STRING_MAX: Final = 6000
DESCRIPTION_MAX: Final = 100
TOTAL_MAX: Final = 8000

SLASH = 1
SUBCOMMAND, SUBCOMMAND_GROUP, STRING, INTEGER, USER, NUMBER = 1, 2, 3, 4, 6, 10
_KINDS: Final = range(1, 12)
_SUGGESTING: Final = frozenset({STRING, INTEGER, NUMBER})
_NAME: Final = re.compile(r"[-_'\w]{1,32}")


def check_command(form: Form) -> None:
    """Check a command's name, description and options."""
    item = form.body
    slash = item.get("type", SLASH) == SLASH
    form.text("name", item.get("name"), longest=32, shortest=1, required=True)
    if not slash:
        return
    _name(form, "name", item.get("name"))
    _description(form, "description", item)
    _options(form, "options", item.get("options"))
    if _length(item) > TOTAL_MAX:
        why = f"Command exceeds maximum size ({TOTAL_MAX})"
        form.refuse("options", "APPLICATION_COMMAND_TOO_LARGE", why)


def check_choices(form: Form, path: str, value: object) -> list[JsonObject]:
    """Check choices that are declared or suggested, and return them."""
    choices = form.objects(path, value, most=CHOICES_MAX)
    for index, choice in enumerate(choices):
        at = f"{path}.{index}"
        form.text(f"{at}.name", choice.get("name"), longest=CHOICE_MAX, shortest=1, required=True)
        if isinstance(choice.get("value"), int | float):
            continue
        form.text(f"{at}.value", choice.get("value"), longest=CHOICE_MAX, required=True)
    return choices


def check_given(declared: list[JsonObject], given: Mapping[str, Any], *, complete: bool) -> None:
    """Check what a person gives with a command, as the app does before it is sent.

    While somebody is typing (not `complete`), what is needed may still be missing.
    """
    for option in declared:
        name, value = option["name"], given.get(option["name"])
        if value is None:
            if complete and option.get("required"):
                raise ValueError(f"{name!r} must be given")
            continue
        if option["type"] == STRING and complete:
            least, most = option.get("min_length", 0), option.get("max_length", STRING_MAX)
            if not isinstance(value, str) or not least <= len(value) <= most:
                raise ValueError(f"{name!r} takes {least} to {most} characters")
        if option["type"] == INTEGER and complete:
            if not isinstance(value, int):
                raise ValueError(f"{name!r} takes a whole number")
            if value < option.get("min_value", value) or value > option.get("max_value", value):
                raise ValueError(f"{name!r} takes no {value}")
        offered = [choice["value"] for choice in objects_in(option.get("choices"))]
        if offered and value not in offered:
            raise ValueError(f"{name!r} offers {offered}")


def option_kinds(world: World, name: str) -> dict[str, int]:
    """Return the options that a registered slash command takes, with their kinds.

    A name of several words is a subcommand; of an unknown command there are none.
    """
    first, *rest = name.split() or [""]
    for application in world.applications.values():
        for registered in application.commands.values():
            for command in registered.values():
                if command["name"] == first:
                    return _kinds_under(command, rest)
    return {}


def _kinds_under(command: JsonObject, path: list[str]) -> dict[str, int]:
    for step in path:
        under = [o for o in objects_in(command.get("options")) if o["name"] == step]
        command = under[0] if under else {"options": []}
    return {each["name"]: each["type"] for each in objects_in(command.get("options"))}


def _options(form: Form, path: str, value: object) -> None:
    options = form.objects(path, value, most=OPTIONS_MAX)
    names = [option.get("name") for option in options]
    if len(set(map(str, names))) < len(names):
        form.refuse(path, "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option name already exists")
    needed = [bool(option.get("required")) for option in options]
    if needed != sorted(needed, reverse=True):
        why = "Required options must be placed before non-required options"
        form.refuse(path, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", why)
    for index, option in enumerate(options):
        _option(form, f"{path}.{index}", option)


def _option(form: Form, path: str, option: JsonObject) -> None:
    kind = option.get("type")
    form.choice(f"{path}.type", kind if kind is not None else 0, _KINDS)
    form.text(f"{path}.name", option.get("name"), longest=32, shortest=1, required=True)
    _name(form, f"{path}.name", option.get("name"))
    _description(form, f"{path}.description", option)
    if kind in {SUBCOMMAND, SUBCOMMAND_GROUP}:
        _options(form, f"{path}.options", option.get("options"))
        return
    choices = check_choices(form, f"{path}.choices", option.get("choices"))
    if option.get("autocomplete") and (choices or kind not in _SUGGESTING):
        why = "This option takes no autocomplete"
        form.refuse(f"{path}.autocomplete", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", why)
    form.number(f"{path}.min_length", option.get("min_length"), least=0, most=STRING_MAX)
    form.number(f"{path}.max_length", option.get("max_length"), least=1, most=STRING_MAX)


def _name(form: Form, path: str, name: object) -> None:
    if isinstance(name, str) and (not _NAME.fullmatch(name) or name != name.lower()):
        form.refuse(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _description(form: Form, path: str, item: Mapping[str, Any]) -> None:
    form.text(path, item.get("description"), longest=DESCRIPTION_MAX, shortest=1, required=True)


def _length(item: Mapping[str, Any]) -> int:
    own = sum(len(str(item.get(key, ""))) for key in ("name", "description"))
    inner = sum(_length(each) for each in objects_in(item.get("options")))
    values = as_list(item.get("choices"))
    said = sum(len(str(each["name"])) + len(str(each["value"])) for each in objects_in(values))
    return own + inner + said
