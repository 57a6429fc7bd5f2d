"""One door: nothing of ours leaves without a line in the ledger, and nothing that holds a secret leaves at all."""

from __future__ import annotations

import base64
from urllib.parse import quote

import asyncpg
import httpx
import pytest
import structlog

from daemon.adapters.egress_proxy import EgressProxy, Endpoint
from daemon.adapters.mailer_smtp import SmtpMailer
from daemon.egress import Door, EgressTransport, SecretGuard, place_of
from schema.errors import LeakError, TransientError
from schema.ids import Address
from schema.mail import OutgoingMail
from schema.vault import sha256
from tests.world import ACCOUNT, Town, bring, only, walk

PASSWORD = "correct/horse+battery"
CODE = "482913"


class Network(httpx.AsyncBaseTransport):
    """Keeps what reached it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(await request.aread())
        return httpx.Response(200)


@pytest.fixture
async def door(town: Town) -> Door:
    world = town.world
    await world.guard.refresh(world.store)
    return Door(world.guard, SecretGuard([PASSWORD], lambda: frozenset({CODE})), world.store, world.blobs)


async def post(door: Door, body: bytes) -> list[bytes]:
    network = Network()
    async with httpx.AsyncClient(transport=EgressTransport(door, "model", network)) as client:
        await client.post("https://openrouter.ai/api/v1/chat/completions?key=hidden", content=body)
    return network.bodies


async def test_a_request_is_in_the_ledger_by_the_hash_of_its_exact_bytes(town: Town, door: Door) -> None:
    sent = await post(door, b'{"a": 1}')
    (line,) = await town.world.store.operations.egress()
    assert (line.kind, line.method, line.sha256) == ("model", "POST", sha256(sent[0]))
    assert line.destination == "https://openrouter.ai/api/v1/chat/completions"


async def test_the_ledger_keeps_the_body_masked(town: Town, door: Door) -> None:
    await post(door, b"call +919800000001")
    (line,) = await town.world.store.operations.egress()
    assert line.body_key is not None
    assert await town.world.blobs.get(line.body_key) == b"call +XXXXXX0001"


async def test_a_request_names_the_invoice_that_is_worked_on(town: Town, door: Door) -> None:
    await bring(town, b"one")
    invoice = await only(town)
    with structlog.contextvars.bound_contextvars(invoice=str(invoice)):
        await post(door, b"{}")
    assert len(await town.world.store.operations.egress(invoice)) == 1


@pytest.mark.parametrize(
    "body",
    [
        f"pay {ACCOUNT}",
        f"pay {ACCOUNT[:4]} {ACCOUNT[4:8]}-{ACCOUNT[8:]}",
        f"Body=pay+{ACCOUNT[:4]}%20{ACCOUNT[4:8]}+{ACCOUNT[8:]}",
    ],
)
async def test_a_known_account_number_does_not_leave(town: Town, door: Door, body: str) -> None:
    with pytest.raises(LeakError):
        await post(door, body.encode())
    assert await town.world.store.operations.egress() == ()


@pytest.mark.parametrize(
    "body",
    [
        PASSWORD.encode(),
        quote(PASSWORD, safe="").encode(),
        base64.b64encode(PASSWORD.encode()),
        base64.b64encode(b"x" + PASSWORD.encode() + b"y"),
        base64.urlsafe_b64encode(b"xy" + PASSWORD.encode() + b"z"),
    ],
)
async def test_a_password_of_ours_does_not_leave_in_any_dress(door: Door, body: bytes) -> None:
    with pytest.raises(LeakError, match="password or key"):
        await post(door, b"a " + body + b" b")


async def test_a_valid_one_time_password_does_not_leave_while_it_is_valid(door: Door) -> None:
    with pytest.raises(TransientError, match="one-time password"):
        await post(door, f"code {CODE}.".encode())
    assert await post(door, f"number 1{CODE}".encode())


async def test_nothing_leaves_when_the_ledger_cannot_be_written(
    town: Town, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise TransientError

    monkeypatch.setattr(town.world.store.operations, "record_egress", fails)
    network = Network()
    async with httpx.AsyncClient(transport=EgressTransport(door, "model", network)) as client:
        with pytest.raises(TransientError):
            await client.post("https://openrouter.ai/", content=b"{}")
    assert network.bodies == []


async def test_a_mail_goes_through_the_door_before_the_server_is_called(door: Door) -> None:
    mailer = SmtpMailer(
        host="127.0.0.1", port=1, sender="pay@countersign.example", tls="none",
        guard=lambda _: None, let_out=door.let_mail_out,
    )  # fmt: skip
    mail = OutgoingMail(
        to=Address("priya@meridian.example"),
        subject="Paid",
        text=f"to {ACCOUNT}",
        html="",
        message_id="<a@b>",
    )
    with pytest.raises(LeakError):
        await mailer.send(mail)


async def test_the_browsers_way_out_is_in_the_ledger_once_a_run(town: Town, door: Door) -> None:
    endpoint = Endpoint("127.0.0.1", 1)
    proxy = EgressProxy(frozenset({endpoint}), let_out=door.let_browse)
    await proxy.start()
    try:
        async with httpx.AsyncClient(proxy=f"http://127.0.0.1:{proxy.port}", trust_env=False) as client:
            assert [(await client.get("http://127.0.0.1:1/")).status_code for _ in range(2)] == [502, 502]
    finally:
        await proxy.stop()
    (line,) = await town.world.store.operations.egress()
    assert (line.kind, line.destination, line.sha256) == ("bank", "127.0.0.1:1", None)


async def test_the_ledger_cannot_be_rewritten(door: Door, database_url: str) -> None:
    await post(door, b"{}")
    connection = await asyncpg.connect(database_url)
    for change in ("update egress set method = 'GET'", "delete from egress", "truncate egress"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(change)
    await connection.close()


async def test_record_and_ledger_agree_when_the_request_went_through_the_door(town: Town, door: Door) -> None:
    await bring(town, b"one")
    await walk(town)
    invoice = await only(town)
    assert [line.problem for line in await town.world.store.operations.unaccounted()] == [
        "the ledger lacks it"
    ]
    request = town.model.asked[0].model_dump_json().encode()
    with structlog.contextvars.bound_contextvars(invoice=str(invoice)):
        await post(door, request)
    assert await town.world.store.operations.unaccounted() == ()


async def test_a_model_request_about_no_invoice_is_noticed(town: Town, door: Door) -> None:
    await post(door, b"{}")
    assert [line.problem for line in await town.world.store.operations.unaccounted()] == [
        "it belongs to no invoice"
    ]


def test_a_destination_shows_neither_query_nor_credentials() -> None:
    assert place_of("https://user:word@host.example/a?b=c#d") == "https://host.example/a"
