"""Logs: one line an event, a stable name first, then ids. No customer's words at INFO.

Everything goes to standard error, because an MCP server on stdio owns standard output. The
standard library's loggers (arq, discord, uvicorn) come out in the same form.
"""

from __future__ import annotations

import logging
import sys

import structlog

_QUIET = {
    "arq.worker": logging.WARNING,
    "discord": logging.WARNING,
    "httpx2": logging.WARNING,  # a line for each request
    "mcp": logging.WARNING,
    # Logs every chunk of a stream at DEBUG: customers' words.
    "sse_starlette": logging.WARNING,
}


def configure_logging(*, level: str = "INFO", style: str = "auto") -> None:
    """Set up structlog and the standard library's logging alike.

    `style` is `console`, `json`, or `auto`: console on a terminal, otherwise JSON.
    """
    as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    renderer = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The prettier formatters print local variables: customers' words, and keys.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    common: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([structlog.processors.format_exc_info] if as_json else []),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, logging.getLevelNamesMapping()[level]))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Make a logger for a module."""
    return structlog.stdlib.get_logger(name)
