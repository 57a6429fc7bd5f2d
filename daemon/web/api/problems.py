"""Errors of the API as RFC 9457 problem details: what went wrong, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from schema.errors import (
    ConflictError,
    CountersignError,
    ForgedError,
    PermanentError,
    StaleError,
    TransientError,
)

log = structlog.get_logger()

PREFIX: Final = "/api/"
MEDIA_TYPE: Final = "application/problem+json"


class FieldError(BaseModel):
    """What is wrong with one field of a request; the value itself is never repeated."""

    field: str
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457, section 3.1; `type` is relative to this server and names the kind of problem."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "type": "/problems/stale",
                "title": "Changed meanwhile",
                "status": 409,
                "detail": "Someone else changed this meanwhile; look at it again.",
                "version": 7,
            }
        },
    )

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default_factory=list)


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """Raised by a route; `extra` members are added to the answer as they are."""

    def __init__(
        self,
        status: int,
        name: str,
        title: str,
        detail: str,
        *,
        errors: list[FieldError] | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(f"{status} {name}")
        self.status, self.name, self.title, self.detail = status, name, title, detail
        self.errors, self.headers, self.extra = errors or [], dict(headers or {}), extra


def not_found(what: str) -> Problem:
    """404 for an id that nothing has."""
    return Problem(404, "not-found", "Not found", f"There is no such {what}.")


def stale(version: int | None) -> Problem:
    """409 for a change to what was changed meanwhile."""
    return Problem(
        409,
        "stale",
        "Changed meanwhile",
        "Someone else changed this meanwhile; look at it again.",
        version=version,
    )


def invalid(field: str, message: str) -> Problem:
    """422 for one field of a request."""
    return Problem(
        422, "invalid", "Not valid", f"{field}: {message}", errors=[FieldError(field=field, message=message)]
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route declares as its possible problems, for the OpenAPI document."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for status in (*statuses, 401, 403, 422, 503)
    }


def handle_problems(app: FastAPI) -> None:
    """Answer with problem details below /api/; other addresses keep their own pages."""
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)


def problem_of(error: Exception) -> Problem:
    """The problem that one of our own errors is to a caller."""
    if isinstance(error, StaleError):
        return stale(error.version)
    if isinstance(error, TransientError):
        return Problem(
            503, "unavailable", "Not available at the moment", error.sentence, headers={"Retry-After": "5"}
        )
    if isinstance(error, ForgedError):
        return Problem(403, "forbidden", "Not allowed", error.sentence)
    if isinstance(error, ConflictError):
        return Problem(409, "conflict", "Someone else was first", error.sentence)
    if isinstance(error, PermanentError):
        return Problem(422, "refused", "Refused", error.sentence)
    sentence = error.sentence if isinstance(error, CountersignError) else "It is on record; try again later."
    return Problem(500, "failed", "Something went wrong here", sentence)


def answer(problem: Problem) -> Response:
    """The response of a problem."""
    content = {
        "type": f"/problems/{problem.name}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "errors": [each.model_dump() for each in problem.errors],
        **problem.extra,
    }
    return JSONResponse(content, problem.status, problem.headers, media_type=MEDIA_TYPE)


async def _answer_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer(error)


async def _answer_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        FieldError(field=".".join(map(str, each["loc"][1:])) or str(each["loc"][0]), message=each["msg"])
        for each in error.errors()
    ]
    return answer(Problem(422, "invalid", "Not valid", "Mend the fields that are named.", errors=errors))


async def _answer_http(request: Request, error: Exception) -> Response:
    """What the framework itself refuses: no such address, a wrong method, a body that is no JSON."""
    assert isinstance(error, HTTPException)
    if not request.url.path.startswith(PREFIX):
        return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
    name = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    problem = Problem(
        error.status_code,
        name,
        HTTPStatus(error.status_code).phrase,
        str(error.detail),
        headers=error.headers,
    )
    return answer(problem)
