"""Everything people changed by hand, searched as one: vendors, orders, people, keys, the policy, exports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict

from daemon.web.api.access import WorldDep, allowed
from daemon.web.api.master_models import SubjectChange, subject_change
from daemon.web.api.masters import page_of
from daemon.web.api.paging import After, Limit, Page, read_cursor
from daemon.web.api.problems import problems
from daemon.web.api.roles import Permission
from handlers.world import World
from schema.history import HistoryFilter, Subject
from schema.people import Person
from schema.spreadsheet import BOM, csv_lines

router = APIRouter(prefix="/changes", tags=["audit"])

Auditor = Annotated[Person, Depends(allowed(Permission.AUDIT_READ))]

AT_ONCE: Final = 1_000
"""Entries read at once for a CSV, which is sent while it is read."""

COLUMNS: Final = ("seq", "at", "who", "subject", "subject_id", "what", "note", "field", "before", "after")
"""One row a changed field; an entry that changed none has one row."""


class ChangeQuery(BaseModel):
    """Which changes; each condition holds only where it is given."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[
        str | None, Query(max_length=200, description="Anywhere in what, note, person, id, fields or values.")
    ] = None
    person: Annotated[str | None, Query(max_length=320, description="Who did it: a mail address.")] = None
    subject: Annotated[Subject | None, Query(description="What was changed.")] = None
    since: AwareDatetime | None = None
    until: Annotated[AwareDatetime | None, Query(description="Not included.")] = None

    def filter(self) -> HistoryFilter:
        """The conditions, for the store."""
        return HistoryFilter(**self.model_dump(include=set(HistoryFilter.model_fields)))


class ChangePageQuery(ChangeQuery):
    """Which changes, a page of them."""

    limit: Limit = 50
    after: After = None


@router.get(
    "", operation_id="searchChanges", summary="Search what people changed, newest first", responses=problems()
)
async def search(
    query: Annotated[ChangePageQuery, Query()], world: WorldDep, _: Auditor
) -> Page[SubjectChange]:
    """Changes of all vendors, orders, people, keys, policies and exports that fit every condition given."""
    keys = read_cursor(query.after, int)
    found = await world.store.history.search(
        query.filter(), before=int(keys[0]) if keys else None, limit=query.limit + 1
    )
    shown, following = page_of(found, query.limit, lambda entry: entry.seq)
    return Page(items=[subject_change(entry) for entry in shown], next=following)


@router.get(
    ".csv",
    operation_id="exportChanges",
    summary="The same search as a CSV file",
    response_class=StreamingResponse,
    responses={
        **problems(),
        200: {
            "description": "UTF-8 with a byte order mark; no cell is a formula.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        },
    },
)
async def export(query: Annotated[ChangeQuery, Query()], world: WorldDep, _: Auditor) -> Response:
    """All changes that fit, newest first, one row for each field."""
    name = f"changes-{world.clock.now():%Y-%m-%dT%H%M%SZ}.csv"
    return StreamingResponse(
        _csv(world, query.filter()),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _csv(world: World, wanted: HistoryFilter) -> AsyncIterator[str]:
    yield BOM + csv_lines([COLUMNS])
    before: int | None = None
    while found := await world.store.history.search(wanted, before=before, limit=AT_ONCE):
        for entry in found:
            told = subject_change(entry).model_dump(mode="json")
            fields = told.pop("changes") or [{}]
            yield csv_lines([(told | field).get(name) for name in COLUMNS] for field in fields)
        before = found[-1].seq
