"""What the messenger tells us: verify, record, act once, answer quickly."""

from __future__ import annotations

from typing import Final

import structlog
from fastapi import APIRouter, HTTPException, Request, Response

from daemon.settings import Settings
from daemon.web.twilio_webhook import (
    InboundMessage,
    Tap,
    TextReply,
    parse_inbound,
    parse_status,
    read_answer,
    twiml,
)
from handlers.answer import answer_button, answer_text
from handlers.world import World
from schema.failpoints import reach
from schema.vault import sha256

router = APIRouter()
log = structlog.get_logger()

PROVIDER: Final = "twilio"
LONGEST_BODY: Final = 64 * 1024
HELP: Final = "Use the buttons of a message, or reply APPROVE or REJECT with its code."

RANKS: Final = {
    "queued": 0,
    "accepted": 0,
    "scheduled": 0,
    "sending": 1,
    "sent": 2,
    "failed": 3,
    "undelivered": 3,
    "canceled": 3,
    "partially_delivered": 3,
    "delivered": 4,
    "read": 5,
}
"""Callbacks come in any order; a failure ends a message unless it was delivered after all."""


@router.post("/webhooks/twilio/inbound")
async def inbound(request: Request) -> Response:
    """A tap or a text of an approver; 403 for a wrong signature, 503 when it could not be recorded (sent again)."""
    body = await _body(request)
    message = parse_inbound(_public_url(request), request.headers, body, **_credentials(request))
    world: World = request.app.state.world
    answers, sid = world.store.answers, message.message_sid
    if not await answers.first_time(PROVIDER, sid, "inbound", sha256(body)):
        settled = await answers.webhook_outcome(PROVIDER, sid, "inbound")
        if settled:
            log.info("message came again", message=sid)
            return Response(twiml(None), media_type="text/xml")
    await reach("webhook.recorded")
    sentence = await _act(message, world)
    await reach("webhook.answered")
    await answers.settle_webhook(PROVIDER, sid, "inbound", sentence)
    await reach("webhook.settled")
    log.info("message answered", message=sid, said=sentence)
    return Response(twiml(sentence), media_type="text/xml")


@router.post("/webhooks/twilio/status")
async def status(request: Request) -> Response:
    """What became of a message of ours."""
    body = await _body(request)
    update = parse_status(_public_url(request), request.headers, body, **_credentials(request))
    world: World = request.app.state.world
    ours = await world.store.street.save_message_status(
        update.message_sid, update.status, RANKS[update.status], update.error_code
    )
    if update.error_code:
        log.error("message not delivered", message=update.message_sid, code=update.error_code, ours=ours)
    return Response(status_code=204)


async def _act(message: InboundMessage, world: World) -> str:
    answer, phone, sid = read_answer(message), message.from_phone, message.message_sid
    if isinstance(answer, Tap):
        return await answer_button(answer.token, answer.verdict, phone, sid, world)
    if isinstance(answer, TextReply):
        return await answer_text(answer.code, answer.verdict, phone, sid, world)
    return HELP


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise HTTPException(413, "Too large.")
    return body


def _public_url(request: Request) -> str:
    """The address Twilio signed: the configured one, never what a proxy or a stranger says in a header."""
    settings: Settings = request.app.state.settings
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{settings.public_url}{request.url.path}{query}"


def _credentials(request: Request) -> dict[str, str]:
    settings: Settings = request.app.state.settings
    return {
        "auth_token": settings.twilio_auth_token.get_secret_value(),
        "account_sid": settings.twilio_account_sid,
    }
