"""Structured logging: JSON for machines, colour for people. Never log message text, arguments, names or secrets."""

from __future__ import annotations

import logging
import sys

import structlog

from sessiontrack.settings import LogSettings


def configure_logging(settings: LogSettings) -> None:
    """Sets up structlog to write to standard error.

    Args:
        settings: Level and format; `auto` writes colour at a terminal and JSON elsewhere.
    """
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # `sys.__stderr__`: Faust replaces sys.stderr, and swallows what is written there.
        logger_factory=structlog.WriteLoggerFactory(file=sys.__stderr__),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        force=True,
        level=max(level, logging.WARNING),
        stream=sys.__stderr__,
        format="%(levelname)s %(name)s %(message)s",
    )
    # It logs the traceback of every request that fails; our errors say so once.
    logging.getLogger("opensearch").setLevel(logging.CRITICAL)
