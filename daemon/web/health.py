"""Is it alive, and is it ready: for load balancers and for the operator."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from daemon.condition import UNASKABLE, faults_now
from handlers.world import World
from schema.errors import CountersignError

router = APIRouter()


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(request: Request, response: Response) -> dict[str, Any]:
    """Whether invoices can be paid now; 503 with each fault and what to do otherwise."""
    world: World = request.app.state.world
    faults = await faults_now(request.app.state.watch)
    serious = any(fault.serious for fault in faults)
    response.status_code = 503 if serious else 200
    told = {
        "status": "not ready" if serious else "ok",
        "faults": [fault.model_dump(mode="json") for fault in faults],
    }
    if any(fault.part in UNASKABLE for fault in faults):
        return told
    try:
        proofs = await world.store.mails.last_proofs()
        pauses = await world.store.operations.pauses()
    except CountersignError:
        return told
    now = world.clock.now()
    ages = {mailbox: round((now - proved_at).total_seconds(), 1) for mailbox, proved_at in proofs.items()}
    return told | {"mailbox_proof_age_s": ages, "payments_paused": len(pauses)}
