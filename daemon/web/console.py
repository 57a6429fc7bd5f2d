"""The console: one page at each of its own addresses, and its built files; looking changes nothing."""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

BUILT: Final = Path(str(files("daemon.web"))) / "static" / "console"
"""Where `make setup` puts what it builds of `console/`."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere; what the page sends goes to its own origin."""

PLACES: Final = (
    "sign-in",
    "upload",
    "invoices",
    "exceptions",
    "vendors",
    "purchase-orders",
    "people",
    "policy",
    "audit-log",
    "insight",
    "exports",
    "settings",
)
"""First parts of the console's addresses; what comes after them is read by the page itself."""

NOT_BUILT: Final = (
    "The console is not built. Run `make setup` where this server runs; everything else works.\n"
)

router = APIRouter(include_in_schema=False)


async def page() -> Response:
    """The console's one page, never kept: it names the files of this very build."""
    index = BUILT / "index.html"
    if not index.is_file():
        return PlainTextResponse(NOT_BUILT, 503)
    return FileResponse(index, headers={"Content-Security-Policy": POLICY})


router.add_api_route("/", page, methods=["GET"])
for place in PLACES:
    router.add_api_route(f"/{place}", page, methods=["GET"])
    router.add_api_route(f"/{place}/{{rest:path}}", page, methods=["GET"])


class Assets(StaticFiles):
    """Files whose names hold a print of their content, so that a browser may keep them for good."""

    async def get_response(self, path: str, scope: MutableMapping[str, Any]) -> Response:
        """The file, to be kept for a year; what is not there is not kept."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def mount_assets(app: FastAPI) -> None:
    """The scripts, styles and pictures of the build; nothing else of its folder."""
    app.mount("/assets", Assets(directory=BUILT / "assets", check_dir=False), name="assets")
