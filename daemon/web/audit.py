"""The audit page behind the signed link: one invoice's whole case, masked; looking changes nothing."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from daemon.web.audit_view import render_audit
from daemon.web.case import load_case
from handlers.links import audited_invoice, expiry_of
from handlers.world import World
from schema.errors import ForgedError

router = APIRouter()

GONE: Final = "This link is not valid, or it has expired. Ask your finance team for a new one."


@router.get("/audit/{token}")
async def audit_page(token: str, request: Request) -> HTMLResponse:
    """The page; 404 for a forged or expired link, which are not told apart."""
    world: World = request.app.state.world
    try:
        invoice = audited_invoice(world.vault, token, world.clock.now())
    except ForgedError as error:
        raise HTTPException(404, GONE) from error
    case = await load_case(world, invoice, expiry_of(token))
    if case is None:
        raise HTTPException(404, GONE)
    return HTMLResponse(render_audit(case))


def mount_static(app: FastAPI) -> None:
    """The page's style sheet."""
    app.mount("/static", StaticFiles(directory=str(files("daemon.web") / "static")), name="static")
