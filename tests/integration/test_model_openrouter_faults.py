"""Every way the way to the model and back can fail, over real sockets."""

# ruff: noqa: F811 - the fixtures of the rig are imported by name and named again as arguments

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from daemon.adapters.model_openrouter import LARGEST_REPLY
from schema.errors import PermanentError, TransientError
from tests.integration.openrouter_rig import (  # noqa: F401 - address, control and make_model are fixtures
    INVOICE,
    MakeModel,
    address,
    control,
    make_model,
    of,
    set_fault,
)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
async def test_a_status_that_cannot_get_better_is_permanent(
    make_model: MakeModel, control: httpx.AsyncClient, status: int
) -> None:
    await set_fault(
        control, kind="status", status=status, body=json.dumps({"error": {"code": status, "message": "No."}})
    )
    with pytest.raises(PermanentError, match="No\\."):
        await make_model().validate("system", INVOICE)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
async def test_a_status_that_may_get_better_is_transient(
    make_model: MakeModel, control: httpx.AsyncClient, status: int
) -> None:
    await set_fault(control, kind="status", status=status, headers={"Retry-After": "7"}, body="{}")
    with pytest.raises(TransientError) as raised:
        await make_model().validate("system", INVOICE)
    assert raised.value.retry_after_s == 7


async def test_the_call_after_a_fault_goes_through(make_model: MakeModel, control: httpx.AsyncClient) -> None:
    await set_fault(control, kind="status", status=503)
    model = make_model()
    with pytest.raises(TransientError):
        await model.validate("system", INVOICE)
    assert (await model.validate("system", INVOICE)).served_model == "x-ai/grok-4.3"


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "html_error", "status": 524},
        {"kind": "html_error", "status": 200},
        {"kind": "malformed_json"},
        {"kind": "truncate_json"},
        {"kind": "reset", "at": "before"},
        {"kind": "reset", "at": "body"},
        {"kind": "ok_but_lost"},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
async def test_trouble_on_the_way_may_be_tried_again(
    make_model: MakeModel, control: httpx.AsyncClient, fault: dict[str, Any]
) -> None:
    await set_fault(control, **fault)
    with pytest.raises(TransientError):
        await make_model().validate("system", INVOICE)


@pytest.mark.parametrize(
    "fault", [{"kind": "hang"}, {"kind": "slow_drip", "delay_s": 20}, {"kind": "delay", "delay_s": 20}]
)
async def test_no_fault_outlasts_the_total_deadline(
    make_model: MakeModel, control: httpx.AsyncClient, fault: dict[str, Any]
) -> None:
    await set_fault(control, **fault)
    started = time.monotonic()
    with pytest.raises(TransientError, match=r"within 0\.6 seconds"):
        await make_model(total_deadline_s=0.6).validate("system", INVOICE)
    assert time.monotonic() - started < 3


async def test_a_short_drip_is_waited_for(make_model: MakeModel, control: httpx.AsyncClient) -> None:
    await set_fault(control, kind="slow_drip", delay_s=0.6)
    assert (await make_model().validate("system", INVOICE)).response.count(b"\n         ") >= 3


async def test_a_slow_model_is_given_up(make_model: MakeModel) -> None:
    with pytest.raises(TransientError, match="did not answer within"):
        await make_model(total_deadline_s=0.6).validate("system", of("[slow]"))


async def test_a_flood_is_cut_off(make_model: MakeModel, control: httpx.AsyncClient) -> None:
    await set_fault(control, kind="malformed_json", body=" " * (LARGEST_REPLY + 1))
    with pytest.raises(PermanentError, match="larger than"):
        await make_model().validate("system", INVOICE)


async def test_a_compressed_reply_is_refused(make_model: MakeModel, control: httpx.AsyncClient) -> None:
    await set_fault(control, kind="status", status=200, headers={"Content-Encoding": "gzip"}, body="{}")
    with pytest.raises(PermanentError, match="compressed"):
        await make_model().validate("system", INVOICE)


async def test_a_redirect_is_not_followed(make_model: MakeModel, control: httpx.AsyncClient) -> None:
    await set_fault(
        control, kind="status", status=307, headers={"Location": "http://127.0.0.1:1/"}, body="{}"
    )
    with pytest.raises(PermanentError, match="307"):
        await make_model().validate("system", INVOICE)


async def test_nobody_listening_may_be_tried_again(make_model: MakeModel) -> None:
    with pytest.raises(TransientError, match="connection"):
        await make_model(url="http://127.0.0.1:1/api/v1").validate("system", INVOICE)


async def test_an_address_that_is_none_is_permanent(make_model: MakeModel) -> None:
    with pytest.raises(PermanentError, match="OPENROUTER_URL"):
        await make_model(url="ftp://127.0.0.1/api/v1").validate("system", INVOICE)
