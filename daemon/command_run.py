"""What every command does around its work: settings, logging, and one clear line for each of our own errors."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr
from rich.console import Console
from rich.text import Text

from daemon.terminal import plain
from schema.errors import CountersignError
from schema.failpoints import arm

T = TypeVar("T")

errors: Final = Console(stderr=True, highlight=False, soft_wrap=True)


def process_settings(process: str) -> Any:
    """The settings of a long-running process, with its logging set up."""
    from daemon.contradictions import complete_settings
    from daemon.log import set_up_logging

    settings = or_exit(complete_settings)
    set_up_logging(settings.log_level, process=process, secrets=secret_values(settings))
    if settings.failpoints:
        arm(settings.failpoints)
    return settings


def secret_values(settings: BaseModel) -> frozenset[str]:
    """The values of all settings that nobody may read, also those within addresses of servers."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, SecretStr):
                secret = each.get_secret_value()
                found |= {secret, unquote(urlsplit(secret).password or "")} if "://" in secret else {secret}
    return frozenset(found - {""})


def chore_settings() -> Any:
    """The settings of a chore at the terminal."""
    from daemon.log import quieten
    from daemon.settings import load_settings

    quieten()
    return or_exit(load_settings)


def or_exit(load: Any) -> Any:
    """What `load` gives, or the end with its error in one line."""
    try:
        return load()
    except CountersignError as error:
        fail(error)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; our own errors are one clear line, not a traceback."""
    from daemon.serve import until_signalled

    try:
        return asyncio.run(until_signalled(work))
    except CountersignError as error:
        fail(error)


def fail(error: CountersignError) -> NoReturn:
    """Say what is wrong and end with 1."""
    errors.print(Text.assemble(("countersign:", "bold red"), " ", plain(error.sentence)))
    raise SystemExit(1)
