"""All rooms of the API under /api/v1, and the OpenAPI document over them."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

from fastapi import APIRouter, FastAPI

from daemon.web.api import (
    api_keys,
    audit_log,
    bank_changes,
    changes,
    decisions,
    events,
    exceptions,
    exports,
    insight,
    invoices,
    master_imports,
    me,
    passkeys,
    people,
    policy,
    purchase_orders,
    rearrange,
    sessions,
    sign_in,
    single_sign_on,
    step_up,
    today,
    uploads,
    vendors,
)
from daemon.web.api.problems import ProblemDetails

VERSION: Final = "1.0.0"

ROOMS: Final[tuple[ModuleType, ...]] = (
    me,
    today,
    events,
    invoices,
    decisions,
    rearrange,
    exceptions,
    sign_in,
    single_sign_on,
    passkeys,
    step_up,
    sessions,
    people,
    api_keys,
    vendors,
    bank_changes,
    purchase_orders,
    master_imports,
    policy,
    audit_log,
    changes,
    insight,
    uploads,
    exports,
)
"""One module a resource, each with its `router`."""


def make_router() -> APIRouter:
    """Everything under /api/v1."""
    router = APIRouter(prefix="/api/v1")
    for room in ROOMS:
        router.include_router(room.router)
    return router


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the API; needs no settings and opens nothing."""
    app = FastAPI(title="Countersign", version=VERSION, docs_url=None, redoc_url=None)
    app.include_router(make_router())
    document = app.openapi()
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= problem.pop("$defs") | {"ProblemDetails": problem}
    return document
