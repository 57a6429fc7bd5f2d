"""The API as its OpenAPI document promises it: what fits the document is answered as it says, and never by 5xx."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from daemon.web.api.access import COOKIE, MEANT
from daemon.web.api.router import openapi_document
from schema.ids import Address
from schema.people import Role
from tests.console.console_rig import Console

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 6
"""For each operation and role; some sixty operations have to fit into half a minute."""

ENDLESS = {"/api/v1/events"}
"""Live news never end, so that their answer cannot be read whole."""

OWN = ("/api/v1/sign-", "/api/v1/sessions", "/api/v1/passkeys", "/api/v1/step-up", "/api/v1/me")
"""What is everyone's own to change."""

AUDITORS = ("/api/v1/audit-log/verify",)
"""Posts that an auditor may make: they change nothing."""


def operations() -> Iterator[APIOperation[Any, Any, Any, Any]]:
    """Every operation of the document but those without end."""
    for result in schemathesis.openapi.from_dict(openapi_document()).get_all_operations():
        assert isinstance(result, Ok), result
        if result.ok().path not in ENDLESS:
            yield result.ok()


def examine(operation: APIOperation[Any, Any, Any, Any], origin: str, token: str) -> set[int]:
    """Send examples of one operation; how they were answered. Raises what schemathesis finds."""
    statuses = set()

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def send(case: schemathesis.Case[Any]) -> None:
        headers = {"Cookie": f"{COOKIE}={token}", MEANT: "1", "Origin": origin}
        try:
            answer = case.call_and_validate(base_url=origin, headers=headers, checks=CHECKS, timeout=20)
        except OSError:
            # Who may not send a body is answered before it is read, and now and then the answer is lost with the line.
            answer = case.call_and_validate(base_url=origin, headers=headers, checks=CHECKS, timeout=20)
        statuses.add(answer.status_code)

    send()
    return statuses


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
async def test_every_operation_answers_as_its_document_says(own_console: Console, role: Role) -> None:
    api, broken, answered = own_console.api, {}, set()
    for operation in operations():
        # Some operations end the session in which they are asked, or take the person's role away.
        person = await api.web.town.world.store.people.add(
            Address(f"sam-{token_hex(4)}@meridian.example"), "Sam", role, at=datetime.now(UTC)
        )
        token = await api.open_session(person, stepped_up=True)
        try:
            answered |= await asyncio.to_thread(examine, operation, own_console.origin, token)
        except (Exception, FailureGroup) as error:
            broken[operation.label] = str(error)[:600]
    assert broken == {}
    assert {200, 404} <= answered


async def test_nobody_is_answered_without_a_session(console: Console) -> None:
    open_to_all = set()
    for path, methods in openapi_document()["paths"].items():
        for method in methods:
            answer = await console.api.nobody.request(method.upper(), path.replace("{", "").replace("}", ""))
            if answer.status_code != 401:
                open_to_all.add(f"{method.upper()} {path}")
    assert {each for each in open_to_all if " /api/v1/sign-in/" not in each} == set()


async def test_an_auditor_changes_nothing(console: Console) -> None:
    changes = {}
    for path, methods in openapi_document()["paths"].items():
        if path.startswith(OWN + AUDITORS):
            continue
        for method in methods.keys() - {"get"}:
            answer = await console.api.auditor.request(
                method.upper(), path.replace("{", "").replace("}", ""), json={}
            )
            changes[f"{method.upper()} {path}"] = answer.status_code
    assert {change for change, status in changes.items() if status != 403} == set()
