"""Held invoices of several pages and files, divided and joined by the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from schema.ids import InvoiceId
from tests.integration.api_rig import Api
from tests.world import bring, fields, walk


async def brought(
    api: Api, raw: bytes = b"one", uid: int = 1, *, files: int = 1, pages: int = 3, **changed: object
) -> list[dict[str, Any]]:
    """The new invoices of a mail whose files have so many pages, as far as they get; held without a total."""
    reader, before = api.web.town.reader, {row["id"] for row in await listed(api)}
    # Pieces with one number would be judged as duplicates before anyone could see that they are pieces.
    unread = {"total": None} | ({"invoice_number": None} if files > 1 else {})
    reader.fields, reader.page_count = fields(**(changed or unread)), pages
    await bring(api.web.town, raw, uid, files=files)
    await walk(api.web.town)
    return [await shown(api, row["id"]) for row in await listed(api) if row["id"] not in before]


async def listed(api: Api) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await api.clerk.get("/api/v1/invoices")).json()["items"]
    return rows


async def shown(api: Api, invoice: str) -> dict[str, Any]:
    answer = await api.clerk.get(f"/api/v1/invoices/{invoice}")
    assert answer.status_code == 200, answer.text
    case: dict[str, Any] = answer.json()
    return case


async def split(api: Api, case: dict[str, Any], *parts: Sequence[int], **more: Any) -> Any:
    body = {"version": case["version"], "parts": [{"pages": list(pages)} for pages in parts]}
    return await api.clerk.post(f"/api/v1/invoices/{case['id']}/split", json=body, **more)


async def merge(api: Api, *cases: dict[str, Any], into: int = 0, **more: Any) -> Any:
    pieces = [{"id": case["id"], "version": case["version"]} for case in cases]
    return await api.clerk.post(
        f"/api/v1/invoices/{cases[into]['id']}/merge", json={"pieces": pieces}, **more
    )


async def entries(api: Api, invoice: str) -> list[Any]:
    return [each.entry for each in await api.web.town.world.store.views.entries(InvoiceId(UUID(invoice)))]


async def asked(api: Api, **changed: Any) -> dict[str, Any]:
    """An invoice that was approved by Asha, and held since the payment could not be intended."""
    (case,) = await brought(api, **({"invoice_number": "AIS/1"} | changed))
    assert case["state"] == "asked"
    await api.web.rows("update invoices set due_at = null where id = $1", UUID(case["id"]))
    return case


async def mergeable(api: Api, case: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    answer = await api.clerk.get(f"/api/v1/invoices/{case['id']}/mergeable", params=query)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["items"]
    return rows
