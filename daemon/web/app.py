"""The HTTP face: webhooks in, media and audit pages out, health; no GET has a side effect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from redis.asyncio import Redis

from daemon.alarm import make_alarm
from daemon.condition import Watch
from daemon.people import admit_admins
from daemon.settings import Settings
from daemon.web import audit, console, health, media, metrics, webhooks
from daemon.web.api.events import News
from daemon.web.api.idempotency import Idempotency
from daemon.web.api.problems import PREFIX, answer, handle_problems, problem_of
from daemon.web.api.router import make_router
from daemon.web.sign_in_limits import Limits
from daemon.wiring import open_world
from schema.errors import CountersignError, ForgedError, TransientError

log = structlog.get_logger()

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; style-src 'self'; font-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
"""Links carry their own leave, so no page may pass its address on or be kept by anyone."""


def create_app(settings: Settings) -> FastAPI:
    """The application; its world is open while it serves."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_world(settings) as world:
            app.state.world = world
            app.state.settings = settings
            redis = Redis.from_url(settings.redis)
            app.state.limits = Limits(redis)
            app.state.watch = Watch(settings, world.store, redis, since=world.clock.now())
            await admit_admins(world, settings.console_admins)
            log.info("web ready", public_url=settings.public_url)
            app.state.news = News(world)
            looking = asyncio.create_task(make_alarm(settings, world).run(), name="alarm")
            hearing = asyncio.create_task(app.state.news.run(), name="news")
            try:
                yield
            finally:
                looking.cancel()
                hearing.cancel()
                await redis.aclose()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    for room in (webhooks, media, audit, console, health, metrics):
        app.include_router(room.router)
    app.include_router(make_router())
    audit.mount_static(app)
    console.mount_assets(app)
    app.add_middleware(Idempotency)
    app.middleware("http")(_add_headers)
    handle_problems(app)
    app.add_exception_handler(CountersignError, _explain)
    app.add_exception_handler(Exception, _fail)
    return app


async def _add_headers(request: Request, handle: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await handle(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def _explain(request: Request, error: Exception) -> Response:
    """Our own errors: as problem details to the console, in plain words to everyone else."""
    log.warning("request refused", path=request.url.path, error=type(error).__name__, reason=str(error))
    if request.url.path.startswith(PREFIX):
        return answer(problem_of(error))
    if isinstance(error, ForgedError):
        return PlainTextResponse(f"{error}\n", 403)
    if isinstance(error, TransientError):
        return PlainTextResponse("Not available at the moment; try again.\n", 503, {"Retry-After": "5"})
    raise error


async def _fail(_: Request, __: Exception) -> Response:
    """A fault of ours, answered outside every middleware; the server logs it."""
    return PlainTextResponse("Something went wrong here; it is on record.\n", 500, HEADERS)
