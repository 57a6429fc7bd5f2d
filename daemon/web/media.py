"""One picture by a signed, short-lived link: masked screenshots and redacted pages."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response

from handlers.links import media_key
from handlers.world import World
from schema.errors import ForgedError, PermanentError

router = APIRouter()

PNG = b"\x89PNG\r\n\x1a\n"


@router.api_route("/media/{token}.png", methods=["GET", "HEAD"])
async def picture(token: str, request: Request) -> Response:
    """The picture; 404 for anything else, so that nothing can be learned from the answer."""
    world: World = request.app.state.world
    try:
        data = await world.blobs.get(media_key(world.vault, token, world.clock.now()))
    except (ForgedError, PermanentError) as error:
        raise HTTPException(404, "Not found, or the link has expired.") from error
    if not data.startswith(PNG):
        raise HTTPException(404, "Not found, or the link has expired.")
    return Response(data, media_type="image/png")
