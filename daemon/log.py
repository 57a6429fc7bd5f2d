"""One line of JSON per event on standard error, with the invoice bound and every text masked."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from schema.masking import mask

QUIET: Final = (
    "aioimaplib",
    "apscheduler",
    "arq",
    "asyncio",
    "httpcore",
    "httpx",
    "twilio",
    "uvicorn.access",
    "pdfminer",
)
"""Libraries that log contents or arguments at INFO: only their warnings are kept."""

_PLAIN: Final = frozenset({"invoice", "timestamp"})
"""Members that hold ids and times of our own, where a run of digits is no account."""


def set_up_logging(level: str, *, process: str) -> None:
    """Send our events and the libraries' warnings to standard error, masked, as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _masked,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def quieten() -> None:
    """For a chore at the terminal: only warnings, in plain words."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def _masked(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str) and name not in _PLAIN:
            event[name] = mask(value)
    return event
