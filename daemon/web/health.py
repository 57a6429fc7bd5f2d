"""Is it alive, and is it ready: for load balancers and for the operator."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from daemon.alarm import SILENT_AFTER
from handlers.world import World
from schema.errors import CountersignError

router = APIRouter()


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(request: Request, response: Response) -> dict[str, Any]:
    """The database answers and no mailbox is silent; 503 with the reason otherwise."""
    world: World = request.app.state.world
    try:
        proofs = await world.store.mails.last_proofs()
        pauses = await world.store.operations.pauses()
    except CountersignError as error:
        response.status_code = 503
        return {"status": "not ready", "database": error.sentence}
    now = world.clock.now()
    ages = {mailbox: round((now - proved_at).total_seconds(), 1) for mailbox, proved_at in proofs.items()}
    silent = [mailbox for mailbox, age in ages.items() if age > SILENT_AFTER.total_seconds()]
    response.status_code = 503 if silent else 200
    return {
        "status": "silent mailbox" if silent else "ok",
        "mailbox_proof_age_s": ages,
        "payments_paused": len(pauses),
    }
