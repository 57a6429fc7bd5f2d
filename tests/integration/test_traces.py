"""One trace holds an invoice from its mail to the receipt, and nothing that nobody may read leaves with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import asyncpg
import pytest
import structlog

from daemon.adapters.mailbox_imap import ImapAccount, ImapMailbox
from daemon.adapters.traces import FACTS, OtlpSpans, said
from daemon.egress import TRACES, Door, EgressTransport, SecretGuard
from daemon.inbox import InboxWatch
from daemon.watch import Intake
from handlers.advance import advance
from handlers.guard import LeakGuard
from schema.approval import Verdict
from schema.errors import PermanentError
from schema.states import DUE, State
from schema.trace import TRACE, trace_of
from schema.vault import sha256
from tests.integration.collector import Collector, collecting
from tests.integration.mail_rig import PASSWORD, fresh_address, running_dovecot
from tests.integration.test_receive import PDF, forwarded
from tests.world import ACCOUNT, PRIYA, TAX_ID, Town, bring, only, say, walk

STEPS = ["extract", "assess", "check", "prepare", "ask", "answer", "intend", "pay", "report"]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as kept:
        yield kept


@pytest.fixture
async def spans(town: Town, collector: Collector) -> AsyncIterator[OtlpSpans]:
    """Spans that leave through a real door to the collector; the town's world tells its work by them."""
    guard = LeakGuard(town.world.vault)
    await guard.refresh(town.world.store)
    secrets = SecretGuard(["a-secret-of-ours"], frozenset)
    door = Door(guard, secrets, town.world.store, town.world.blobs)
    told = OtlpSpans(collector.url, {"x-who": "we"}, "worker-test", EgressTransport(door, TRACES))
    town.world = replace(town.world, spans=told)
    yield told
    await told.close()


async def street(town: Town) -> str:
    """An invoice from its row to its receipt; its trace."""
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    await walk(town)
    (line,) = await town.world.store.views.invoices()
    assert line.state is State.CLOSED
    return trace_of(await town.world.store.views.mail_sha256(line.id))


async def test_one_trace_holds_every_step(town: Town, spans: OtlpSpans, collector: Collector) -> None:
    trace = await street(town)
    await spans.ship()
    assert {span.trace for span in collector.spans} == {trace}
    steps = [span.name for span in collector.spans if span.name in STEPS]
    assert list(dict.fromkeys(steps)) == STEPS
    assert {span.process for span in collector.spans} == {"worker-test"}
    assert collector.headers[0]["x-who"] == "we"


async def test_the_trace_begins_at_the_mail_on_its_server(
    town: Town, spans: OtlpSpans, collector: Collector
) -> None:
    with running_dovecot() as dovecot:
        user = fresh_address()
        dovecot.deliver(user, forwarded(PDF))
        mailbox = ImapMailbox(
            ImapAccount("127.0.0.1", dovecot.imap, user, PASSWORD, folder="INBOX", tls=False)
        )
        await mailbox.connect()
        try:
            with structlog.testing.capture_logs() as lines:
                assert await InboxWatch(mailbox, Intake(town.world), spans=spans).sweep() == 1
        finally:
            await mailbox.close()
    await walk(town)
    await say(town, Verdict.APPROVE)
    await walk(town)
    await spans.ship()
    trace = trace_of(await town.world.store.views.mail_sha256(await only(town)))
    assert {span.trace for span in collector.spans} == {trace}
    names = list(dict.fromkeys(span.name for span in collector.spans))
    (mail,) = [span for span in collector.spans if span.name == "mail"]
    children = {span.name for span in collector.spans if span.parent == mail.id}
    assert {"fetch", "mail", "file away", *STEPS} <= set(names)
    assert {"fetch", "file away", *STEPS} <= children
    assert [line["event"] for line in lines] == ["mail taken in", "mail filed"]


async def test_what_is_within_a_step_hangs_on_it(town: Town, spans: OtlpSpans, collector: Collector) -> None:
    await street(town)
    await spans.ship()
    ids = {span.id: span.name for span in collector.spans}
    (model,) = [span for span in collector.spans if span.name == "ask the model"]
    assert ids[model.parent] == "assess"
    assert model.facts["model"] == "x-ai/grok-4.3"


async def test_every_step_hangs_on_the_mails_arrival(
    town: Town, spans: OtlpSpans, collector: Collector
) -> None:
    trace = trace_of(sha256(b"a mail"))
    with spans.span("mail", trace):
        pass
    with spans.span("extract", trace):
        pass
    await spans.ship()
    mail, step = collector.spans
    assert (mail.trace, step.trace, step.parent, mail.parent) == (trace, trace, mail.id, "")


async def test_a_failed_step_is_marked_by_the_class_of_its_error_alone(
    spans: OtlpSpans, collector: Collector
) -> None:
    with pytest.raises(PermanentError), spans.span("extract", trace_of("1" * 64)):
        raise PermanentError(f"Acme's account is {ACCOUNT}")
    await spans.ship()
    (span,) = collector.spans
    assert (span.failed, span.facts) == (True, {"error": "PermanentError"})


async def test_nothing_of_a_person_a_vendor_or_a_number_leaves(
    town: Town, spans: OtlpSpans, collector: Collector
) -> None:
    await street(town)
    await spans.ship()
    words = (
        ACCOUNT,
        ACCOUNT[-4:],
        TAX_ID,
        PRIYA,
        "Priya",
        "Asha",
        "Acme",
        "AIS/8812",
        "84960",
        "+9198",
        "Fwd",
    )
    assert collector.bodies
    assert [word for word in words if any(word.encode() in body for body in collector.bodies)] == []
    assert {name for span in collector.spans for name in span.facts} <= FACTS


@pytest.mark.parametrize("value", [ACCOUNT, "314159", "Bearer abcdefgh", "priya@meridian.example", "एक"])
def test_a_value_that_is_no_word_of_ours_is_hidden(value: str) -> None:
    assert value not in str(said({"outcome": value}))


def test_a_fact_of_an_unknown_name_is_a_bug() -> None:
    with pytest.raises(ValueError, match="bug"):
        said({"vendor": "Acme"})


async def test_what_leaves_is_in_the_ledger_like_everything_else(
    town: Town, spans: OtlpSpans, collector: Collector, database_url: str
) -> None:
    await street(town)
    await spans.ship()
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch("select sha256 from egress where kind = 'traces' order by seq")
    await connection.close()
    assert [row["sha256"] for row in rows] == [sha256(body) for body in collector.bodies]


async def test_what_a_collector_does_not_take_now_is_sent_later(
    spans: OtlpSpans, collector: Collector
) -> None:
    with spans.span("extract", trace_of("1" * 64)):
        pass
    collector.answer = 503
    await spans.ship()
    assert collector.spans == []
    collector.answer = 200
    await spans.ship()
    assert [span.name for span in collector.spans] == ["extract"]


async def test_what_a_collector_refuses_for_good_is_not_sent_again(
    spans: OtlpSpans, collector: Collector
) -> None:
    with spans.span("extract", trace_of("1" * 64)):
        pass
    collector.answer = 400
    await spans.ship()
    collector.answer = 200
    await spans.ship()
    assert collector.spans == []


async def test_the_trace_is_bound_for_the_log_and_rides_in_the_answer(town: Town) -> None:
    await bring(town, b"one")
    invoice = await only(town)
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await advance(invoice, DUE[State.RECEIVED].job, town.world)
    trace = trace_of(await town.world.store.views.mail_sha256(invoice))
    assert TRACE.fullmatch(trace)
    assert [line["trace"] for line in lines] == [trace] * len(lines) != []
    await walk(town)
    await say(town, Verdict.APPROVE)
    await walk(town)
    assert [mail.trace for mail in town.mailer.sent] == [trace]


async def test_the_street_goes_on_while_no_collector_answers(town: Town) -> None:
    guard = LeakGuard(town.world.vault)
    door = Door(guard, SecretGuard([], frozenset), town.world.store, town.world.blobs)
    told = OtlpSpans("http://127.0.0.1:1", {}, "worker-test", EgressTransport(door, TRACES))
    town.world = replace(town.world, spans=told)
    await street(town)
    await told.ship()
    await told.close()
