"""The command line. Each command imports its process only when it is called: help is instant."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer

from hitl.extras import how_to_install, missing

app = typer.Typer(
    help="An AI agent asks, a person answers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def gateway(
    stdio: Annotated[
        bool, typer.Option("--stdio", help="Speak MCP over standard input and output.")
    ] = False,
) -> None:
    """Start the gateway: the MCP server that agents ask."""
    if stdio:
        os.environ["GATEWAY_TRANSPORT"] = "stdio"
    _run("gateway", "mcp_gateway.__main__")


@app.command()
def stdio() -> None:
    """Speak MCP over standard input and output, for the gateway at GATEWAY_URL."""
    _run("bridge", "hitl.bridge.__main__")


@app.command()
def worker() -> None:
    """Start a worker: shows questions to people, in Discord or at the desk."""
    _run("worker", "escalation_worker.__main__")


@app.command()
def agent() -> None:
    """Start the agent that talks with customers."""
    _run("agent", "customer_agent.__main__")


@app.command()
def demo(
    folder: Annotated[
        Path,
        typer.Option(envvar="HITL_DEMO_FOLDER", help="Where the demo's Redis and logs are kept."),
    ] = Path("var/demo"),
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The page's port; 0 takes a free one.")
    ] = 0,
    script: Annotated[
        bool | None,
        typer.Option(
            "--script/--page",
            help="Play one scene and end, or serve the page until Ctrl-C. "
            "Without a terminal, the scene is played.",
        ),
    ] = None,
) -> None:
    """Start everything on this machine and show both sides: customer and operator."""
    _require("all")
    scripted = not sys.stdin.isatty() if script is None else script
    module = importlib.import_module("hitl.demo.show")
    raise typer.Exit(module.main(folder, port=port, scripted=scripted))


@app.command()
def doctor() -> None:
    """Check the settings and what they point to, and say what to do."""
    raise typer.Exit(importlib.import_module("hitl.doctor").main())


routes = typer.Typer(help="The file of routes.", no_args_is_help=True)
app.add_typer(routes, name="routes")


@routes.command("check")
def check_routes(
    file: Annotated[
        Path | None, typer.Argument(help="A routes.toml; ROUTES_FILE if not given.")
    ] = None,
) -> None:
    """Check a file of routes: print them as a table, or every mistake with its line."""
    raise typer.Exit(importlib.import_module("hitl.routes").check(file))


@app.command("oncall")
def on_call(
    at: Annotated[
        str | None,
        typer.Option(
            help="A time such as 2026-12-24T18:00, in each schedule's time zone unless it has "
            "an offset; now if not given."
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A routes.toml; ROUTES_FILE if not given.")
    ] = None,
) -> None:
    """Show for each schedule who is on call, until when, and who is next."""
    raise typer.Exit(importlib.import_module("hitl.routes").on_call(file, at))


keys = typer.Typer(help="Keys of agents that may ask.", no_args_is_help=True)
app.add_typer(keys, name="key")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="The agent's name, as people see it.")],
    tenant: Annotated[
        str | None,
        typer.Option(help="Whose its questions are; agents of one tenant see each other's."),
    ] = None,
    route: Annotated[
        list[str] | None, typer.Option(help="A route by which it may ask; all if not given.")
    ] = None,
    calls_per_second: Annotated[
        float | None, typer.Option(help="Over time; GATEWAY_CALLS_PER_SECOND if not given.")
    ] = None,
    open_questions: Annotated[
        int | None, typer.Option(help="At once; GATEWAY_OPEN_QUESTIONS if not given.")
    ] = None,
    expires: Annotated[str, typer.Option(help="How long it opens, such as 90d or 12h.")] = "365d",
) -> None:
    """Make a key for an agent, and print it this once."""
    _require("gateway")
    raise typer.Exit(
        importlib.import_module("hitl.keys").create(
            name,
            tenant=tenant,
            routes=tuple(route or ()),
            calls_per_second=calls_per_second,
            open_questions=open_questions,
            expires=expires,
        )
    )


@keys.command("list")
def list_keys() -> None:
    """Show the keys that open, without their secrets."""
    _require("gateway")
    raise typer.Exit(importlib.import_module("hitl.keys").show_all())


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[
        str, typer.Argument(help="The key's id, as `hitl key list` shows it, or all of the key.")
    ],
) -> None:
    """Take a key back, at once and for all gateways."""
    _require("gateway")
    raise typer.Exit(importlib.import_module("hitl.keys").revoke(key_id))


@app.command("version")
def show_version() -> None:
    """Print the version."""
    try:
        typer.echo(f"hitl-escalation {version('hitl-escalation')}")
    except PackageNotFoundError:
        typer.echo("hitl-escalation (not installed: run from a checkout)")


def main() -> None:
    """Run the command line."""
    app()


def _require(extra: str) -> None:
    if absent := missing(extra):
        typer.echo(
            f"hitl: this needs {', '.join(absent)}: run  {how_to_install(extra)}",
            err=True,
        )
        raise typer.Exit(1)


def _run(extra: str, module: str) -> None:
    _require(extra)
    process: Any = importlib.import_module(module)
    raise typer.Exit(process.main() or 0)
