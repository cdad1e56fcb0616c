"""Structured logging: JSON for machines, colour for people. Never log message text, arguments, names or secrets."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import Processor

from sessiontrack.settings import LogSettings


def configure_logging(settings: LogSettings) -> None:
    """Sets up structlog to write to standard error.

    Args:
        settings: Level and format; `auto` writes colour at a terminal and JSON elsewhere.
    """
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    enrich: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*enrich, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # `sys.__stderr__`: Faust replaces sys.stderr, and swallows what is written there.
        logger_factory=structlog.WriteLoggerFactory(file=sys.__stderr__),
        cache_logger_on_first_use=True,
    )
    # Libraries log through `logging`: in the same format, and only what needs somebody's attention.
    handler = logging.StreamHandler(sys.__stderr__)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=enrich))
    logging.basicConfig(force=True, level=max(level, logging.WARNING), handlers=[handler])
    # They log every request that fails, aiokafka dozens a second while a broker is away; our workers say so once, and
    # then as often as they try again.
    for library in ("opensearch", "aiokafka"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
