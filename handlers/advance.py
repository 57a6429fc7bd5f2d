"""The loop body: claim an invoice, run the step that is due, commit its outcome; the only thing a job does."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeAlias

import structlog

from handlers.ask import ask
from handlers.assess import assess
from handlers.check import check
from handlers.extract import extract
from handlers.in_force import with_policy_in_force
from handlers.lease import hold
from handlers.pay import intend, pay
from handlers.payee import refuse_other_payee
from handlers.prepare import prepare
from handlers.report import report, tell
from handlers.wait import wait
from handlers.world import World
from schema.errors import ConflictError, CountersignError, PausedError, PermanentError, TransientError
from schema.ids import InvoiceId
from schema.invoice import Claim, Invoice
from schema.outcome import Outcome
from schema.states import DUE, LEASE_S, Job, State, Step, may_move

StepFunction: TypeAlias = Callable[[Invoice, World], Coroutine[Any, Any, Outcome]]

STEPS: Final[Mapping[Step, StepFunction]] = {
    Step.EXTRACT: extract,
    Step.ASSESS: assess,
    Step.CHECK: check,
    Step.PREPARE: prepare,
    Step.ASK: ask,
    Step.WAIT: wait,
    Step.INTEND: intend,
    Step.PAY: pay,
    Step.REPORT: report,
    Step.TELL: tell,
}

FIRST_WAIT_S: Final = 1.0
WRITE_AGAIN_S: Final = 0.5
LONGEST_WAIT_S: Final = 120.0
"""A service that is down for hours is asked every two minutes; a person is told when the attempts are used up."""

PAUSED_S: Final = 30.0
"""How often a paused payment looks whether it may go on; `resume` wakes it at once."""

log = structlog.get_logger()


async def advance(invoice: InvoiceId, job: Job, world: World) -> Outcome | None:
    """Take the invoice one step further, if a step of this job is due; None when there was nothing to do.

    1. Claim: take the lease, or stop quietly.
    2. Run the due step, by the policy in force, outside any transaction while its lease is renewed; cut it off at
       its limit.
    3. Commit its outcome; a transient failure is put off, a permanent one is held for a person.
    4. An outcome that the database refuses is a failure of the step like any other.
    """
    states = tuple(state for state, due in DUE.items() if due.job is job)
    claim = await world.store.street.claim(invoice, states, LEASE_S)
    if claim is None:
        return None
    world = await with_policy_in_force(world)
    due, started = claim.invoice.due, time.monotonic()
    trace = claim.invoice.thread.trace
    with (
        structlog.contextvars.bound_contextvars(trace=trace, invoice=str(invoice), step=due.step.value),
        world.spans.span(
            due.step.value, trace, invoice=str(invoice), attempts=claim.invoice.attempts
        ) as marks,
    ):
        outcome = await _advance(claim, world, started)
        marks.mark(target=outcome.target.value if outcome else "put off")
        return outcome


async def _advance(claim: Claim, world: World, started: float) -> Outcome | None:
    """The outcome as it was committed; None when the step was put off or the lease was lost."""
    outcome = await _run(claim, world)
    if outcome is None:
        return None
    try:
        return await _commit(claim, outcome, world, started)
    except (PermanentError, ConflictError) as error:
        instead = await _after_failure(claim, error, world)
    return None if instead is None else await _commit(claim, instead, world, started)


async def _run(claim: Claim, world: World) -> Outcome | None:
    """The step's outcome, or what its failure leads to; None when it was put off."""
    due = claim.invoice.due
    if claim.invoice.attempts > due.attempts:
        # The attempts before left no outcome at all: whoever made them died or met a fault of ours.
        return _give_up(claim.invoice, PermanentError("This step was broken off again and again."))
    try:
        async with asyncio.timeout(due.limit_s):
            await world.guard.refresh(world.store)
            await refuse_other_payee(claim.invoice.id, due.step, world)
            return await hold(claim, world, STEPS[due.step](claim.invoice, world))
    except TimeoutError:
        failure: CountersignError = TransientError(f"The step took longer than {due.limit_s:.0f} s.")
    except CountersignError as error:
        failure = error
    return await _after_failure(claim, failure, world)


async def _after_failure(claim: Claim, failure: CountersignError, world: World) -> Outcome | None:
    """Hold at once what trying again cannot mend, and the rest when its attempts are used up; else put it off."""
    if isinstance(failure, PausedError):
        log.info("payment paused", reason=failure.sentence)
        await world.store.street.put_off(claim, seconds=PAUSED_S, error=failure.sentence, counted=False)
        return None
    may_pass = isinstance(failure, TransientError | ConflictError)
    if not may_pass or claim.invoice.attempts >= claim.invoice.due.attempts:
        return _give_up(claim.invoice, failure)
    await _put_off(claim, failure, world)
    return None


async def _put_off(claim: Claim, failure: CountersignError, world: World) -> None:
    attempts = claim.invoice.attempts
    seconds = min(FIRST_WAIT_S * 2 ** (attempts - 1), LONGEST_WAIT_S) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
    if isinstance(failure, TransientError) and failure.retry_after_s is not None:
        seconds = max(seconds, min(failure.retry_after_s, LONGEST_WAIT_S))
    log.warning("step put off", reason=failure.sentence, attempts=attempts, again_in_s=round(seconds, 1))
    await world.store.street.put_off(claim, seconds=seconds, error=failure.sentence)


def _give_up(invoice: Invoice, failure: CountersignError) -> Outcome:
    """Where an invoice goes when a step cannot be done: held, or its own end where nothing can be held."""
    facts = {"error": type(failure).__name__, "attempts": invoice.attempts}
    if invoice.state is not State.HELD and may_move(invoice.state, invoice.due.step, State.HELD):
        return Outcome(target=State.HELD, note=failure.sentence, facts=facts)
    target = State.HELD if invoice.state is State.HELD else State.CLOSED
    note = f"{invoice.reason} (The forwarder could not be told: {failure.sentence})"
    return Outcome(target=target, note=note, facts=facts, due_in=None)


async def _commit(claim: Claim, outcome: Outcome, world: World, started: float) -> Outcome | None:
    invoice = claim.invoice
    moved = await _write(claim, outcome, world)
    if not moved:
        log.warning("lease lost; the outcome was dropped", target=outcome.target.value)
        return None
    log.info(
        "invoice moved",
        source=invoice.state.value,
        target=outcome.target.value,
        note=outcome.note,
        seconds=round(time.monotonic() - started, 2),
    )
    return outcome


async def _write(claim: Claim, outcome: Outcome, world: World) -> bool:
    """Commit, also across a restart of the database: what was done outside should not have to be done again.

    Safe to repeat: the token is gone with the first commit that took effect.
    """
    until = time.monotonic() + LEASE_S / 2
    while True:
        try:
            return await world.store.street.commit(
                claim,
                claim.invoice.due.step,
                outcome,
                at=world.clock.now(),
                policy_version=world.policy.version,
            )
        except TransientError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(WRITE_AGAIN_S)
