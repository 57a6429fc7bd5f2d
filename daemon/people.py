"""The first people of the console: those of CONSOLE_ADMINS, and what an operator does at the command line."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

import structlog
from rich.console import Console
from rich.table import Table

from daemon.settings import Admin, Settings
from daemon.terminal import plain
from daemon.wiring import open_books
from handlers.world import World
from schema.errors import ConflictError, PermanentError
from schema.history import OPERATOR
from schema.ids import Address, Sha256
from schema.people import Person, Role
from schema.store import Store

log = structlog.get_logger()

LINK_LASTS: Final = timedelta(minutes=15)
MOST_SHOWN: Final = 1000


async def admit_admins(world: World, admins: Sequence[Admin]) -> None:
    """Add those of CONSOLE_ADMINS who are not known yet; whoever was let out since stays out."""
    for admin in admins:
        if await world.store.people.person_by_address(admin.address) is None:
            try:
                await world.store.people.add(admin.address, admin.name, Role.ADMIN, at=world.clock.now())
                log.info("admin admitted", address=admin.address)
            except ConflictError:
                log.info("admin admitted by another process", address=admin.address)


async def add_person(settings: Settings, address: str, name: str, role: Role) -> str:
    """Let someone in, or in again, in this role."""
    async with open_books(settings) as (store, _):
        known = await store.people.person_by_address(Address(address.lower()))
        if known is None:
            made = await store.people.add(Address(address.lower()), name, role, at=datetime.now(UTC))
            return f"{made.name} <{made.address}> may sign in as {made.role}."
        await store.people.change(
            known.id, version=None, by=OPERATOR, at=datetime.now(UTC), name=name, role=role, active=True
        )
    return f"{name} <{known.address}> may sign in as {role}."


async def list_people(settings: Settings) -> None:
    """Print everyone."""
    async with open_books(settings) as (store, _):
        people = await store.people.people(after=None, limit=MOST_SHOWN)
    table = Table("Address", "Name", "Role", "May sign in", "Last signed in")
    for each in people:
        seen = (
            f"{each.signed_in_at.astimezone(settings.zone):%d %b %Y %H:%M %Z}"
            if each.signed_in_at
            else "never"
        )
        table.add_row(plain(each.address), plain(each.name), each.role, "yes" if each.active else "no", seen)
    Console(highlight=False).print(table)


async def link_for(settings: Settings, address: str) -> str:
    """A link that signs this person in once, to be passed on by hand where mail does not work yet."""
    async with open_books(settings) as (store, _):
        person = await _known(store, address)
        if not person.active:
            raise PermanentError(f"{person.address} may not sign in; add them again first.")
        token, now = secrets.token_urlsafe(32), datetime.now(UTC)
        digest = Sha256(sha256(token.encode()).hexdigest())
        await store.sign_in.add_link(person.id, digest, at=now, until=now + LINK_LASTS)
    origin = settings.public_url.replace("//127.0.0.1", "//localhost", 1)
    return f"{origin}/sign-in#token={token}"


async def let_out(settings: Settings, address: str) -> str:
    """Someone may no longer sign in, and is signed out everywhere at once."""
    async with open_books(settings) as (store, _):
        person = await _known(store, address)
        await store.people.change(person.id, version=None, by=OPERATOR, at=datetime.now(UTC), active=False)
    return f"{person.address} is signed out and may not sign in."


async def _known(store: Store, address: str) -> Person:
    person = await store.people.person_by_address(Address(address.lower()))
    if person is None:
        raise PermanentError(f"Nobody here has the address {address}; see: countersign people list.")
    return person
