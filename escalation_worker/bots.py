"""The bots that a worker runs: one for each variable that its routes name in `token_env`.

Which these are is settled when the worker starts. A bot's name is that of the variable; its token
goes to Discord and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import SecretStr

from escalation_worker.settings import WorkerSettings
from shared.escalation import DEFAULT_BOT
from shared.routes.file import Mistake, load_routes
from shared.routes.route import Route
from shared.settings import load_secrets

Bots = Mapping[str, SecretStr]
"""Tokens by the names of the bots. Without any, people are asked on the desk."""


def read_bots(settings: WorkerSettings) -> Bots:
    """Read the token of each bot, as `load` reads settings: at the start, in `__main__`.

    Raises:
        ConfigurationError: One line for each mistake in the file of routes, or for each route whose
            bot has no token of its own; or that the desk is open to other hosts.
    """
    if settings.routes_file is None:
        return {} if settings.discord_token is None else {DEFAULT_BOT: settings.discord_token}
    file = load_routes(settings.routes_file)
    named = dict.fromkeys(route.token_env for route in file.routes.values())
    tokens = load_secrets(named)
    if not tokens and set(named) == {DEFAULT_BOT}:
        settings.refuse_an_open_desk()
        return {}
    file.refuse(without_token(file.routes, tokens))
    return tokens


def without_token(routes: Mapping[str, Route], tokens: Bots) -> Iterator[Mistake]:
    """Find the routes whose bot has no token, or shares one with another bot.

    Two listeners of one bot would hear all twice, and neither could tell what is its own.
    """
    first_with: dict[str, str] = {}
    for bot, token in tokens.items():
        first_with.setdefault(token.get_secret_value(), bot)
    for name, route in routes.items():
        bot = route.token_env
        if bot not in tokens:
            yield _at(name), f"{bot} is not set: put the bot's token there (docs/discord-bot.md)"
        elif (other := first_with[tokens[bot].get_secret_value()]) != bot:
            mend = f"name {other} here, or give {bot} the token of another bot"
            yield _at(name), f"{bot} holds the same token as {other}: {mend}"


def not_running(routes: Mapping[str, Route], bots: Bots) -> Iterator[Mistake]:
    """Find the routes of a changed file whose bot was not named at the start."""
    for name, route in routes.items():
        bot = route.token_env
        if bot not in bots and (bots or bot != DEFAULT_BOT):
            yield _at(name), f"{bot} was named by no route at the start: restart the worker"


def _at(route: str) -> tuple[str, str, str]:
    return ("routes", route, "token_env")
