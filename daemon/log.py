"""One line of JSON per event on standard error, with trace and invoice bound and every value without secrets.

Whatever a process says goes through the same chain: our own events, the libraries' warnings, Python's warnings,
exceptions that nobody caught, and the logging library's own complaints.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable, MutableMapping
from types import TracebackType
from typing import Any, Final

import structlog

from daemon.redaction import Redaction

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

UNWRITTEN: Final = "a log line could not be written"


class _Handler(logging.StreamHandler[Any]):
    """Standard error; a line that cannot be made is named by its logger alone: the default prints its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        structlog.get_logger(record.name).error(UNWRITTEN, where=f"{record.module}:{record.lineno}")


def set_up_logging(level: str, *, process: str, secrets: Iterable[str] = ()) -> None:
    """Send our events and the libraries' warnings to standard error as JSON lines without secrets.

    `secrets` are the values of the settings that nobody may read.
    """
    redact = Redaction(secrets)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _redacting(redact),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = _Handler(sys.stderr)
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
    logging.captureWarnings(capture=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    _catch_the_uncaught()


def quieten() -> None:
    """For a chore at the terminal: only warnings, in plain words, without secrets of any known form."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            _redacting(Redaction()),
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )


def _redacting(redact: Redaction) -> Any:
    def without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for name in list(event):
            # structlog's own members hold the record, which its formatter takes out again.
            if not name.startswith("_"):
                event[redact.text(name)] = redact.value(event.pop(name), name)
        return event

    return without_secrets


def _catch_the_uncaught() -> None:
    """Python prints what nobody caught as it is; say it as an event instead."""
    log = structlog.get_logger("uncaught")

    def say(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("ended by an exception", exc_info=(kind, error, trace))

    sys.excepthook = say
    threading.excepthook = lambda args: say(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )
    sys.unraisablehook = lambda args: log.error("exception could not be raised", exc_info=args.exc_value)
