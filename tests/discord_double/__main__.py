"""Run a double on its own: `python -m discord_double`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from . import defaults
from .control.switches import RATE_LIMITS
from .scripted import Press, by_table
from .server import DiscordDouble
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .scripted import Answer


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until the process is told to stop."""
    asyncio.run(_serve(_parser().parse_args(argv)))


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    double = _double(options)
    async with double:
        rows: list[tuple[str, Answer]] = [_row(rule) for rule in options.operator_rule]
        if options.operator_answers is not None:
            rows.append(("", options.operator_answers))
        if options.operator_presses is not None:
            rows.append(("", Press(options.operator_presses)))
        if rows:
            await double.employ_operator(
                by_table(rows), delay=options.operator_delay, name=options.operator_name
            )
        sys.stdout.write(_greeting(double, options.token))
        sys.stdout.flush()
        await stop.wait()


def _double(options: argparse.Namespace) -> DiscordDouble:
    settings = Settings(
        host=options.host,
        port=options.port,
        public_url=options.public_url,
        rate_limits=RATE_LIMITS[options.rate_limits](),
        nonce_window=options.nonce_window,
        interaction_deadline=options.interaction_deadline,
        max_active_threads=options.max_active_threads,
        identify_interval=options.identify_interval,
        heartbeat_interval=options.heartbeat_interval,
    )
    double = DiscordDouble(settings=settings, token=options.token)
    double.bot.message_content = options.message_content
    for bot in options.bot:
        name, _, token = bot.partition("=")
        double.add_bot(name, token)
    return double


def _row(rule: str) -> tuple[str, Answer]:
    pattern, _, answer = rule.partition("=")
    return pattern, answer


def _greeting(double: DiscordDouble, token: str) -> str:
    world = double.world
    lines = {
        "DISCORD_API_BASE": f"{world.public_url()}/api/v10",
        "DISCORD_GATEWAY_URL": world.gateway_url(),
        "DISCORD_TOKEN": token,
        "DISCORD_GUILD_ID": defaults.GUILD_ID,
        "DISCORD_CHANNEL_ID": defaults.CHANNEL_ID,
        "DISCORD_USER_ID": defaults.MAYA_ID,
        "DISCORD_ROLE_ID": defaults.OPERATOR_ROLE_ID,
    }
    settings = "".join(f"{name}={value}\n" for name, value in lines.items())
    people = ", ".join(
        f"{name} {i}" for name, i in (defaults.OPERATORS | defaults.STRANGERS).items()
    )
    return f"{settings}# people: {people}\n# page: {world.public_url()}/\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="discord-double", description="A Discord of one guild, for tests and demonstrations."
    )
    add = parser.add_argument
    add("--host", default=defaults.HOST, help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=defaults.PORT, help="0 for any (default: %(default)s)")
    add("--public-url", help="how clients reach it, e.g. http://discord:8902")
    add("--token", default=defaults.BOT_TOKEN, help="the bot's token (default: %(default)s)")
    add("--bot", action="append", default=[], metavar="NAME=TOKEN", help="one more bot")
    add(
        "--message-content",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether the portal grants the message content intent",
    )
    add("--rate-limits", choices=sorted(RATE_LIMITS), default="standard")
    add(
        "--operator-answers",
        metavar="TEXT",
        help='answer every question; "{question}" is filled in',
    )
    add("--operator-presses", metavar="LABEL", help="press this button on every question")
    add(
        "--operator-rule",
        action="append",
        default=[],
        metavar="REGEX=ANSWER",
        help="answer matching questions so; tried in order, before --operator-answers",
    )
    add("--operator-delay", type=float, default=2.0, metavar="SECONDS")
    add("--operator-name", default=next(iter(defaults.OPERATORS)))
    fresh = Settings()
    add("--nonce-window", type=float, default=fresh.nonce_window, metavar="SECONDS")
    add("--interaction-deadline", type=float, default=fresh.interaction_deadline, metavar="SECONDS")
    add("--heartbeat-interval", type=float, default=fresh.heartbeat_interval, metavar="SECONDS")
    add("--identify-interval", type=float, default=fresh.identify_interval, metavar="SECONDS")
    add("--max-active-threads", type=int, default=fresh.max_active_threads)
    return parser


if __name__ == "__main__":
    main()
