"""The lifecycle of an invoice, declared once as data: states, the step that is due in each, the legal moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where an invoice stands; the names are past participles of what has been done."""

    RECEIVED = "received"
    EXTRACTED = "extracted"
    ASSESSED = "assessed"
    CLEARED = "cleared"
    PREPARED = "prepared"
    ASKED = "asked"
    APPROVED = "approved"
    PAYING = "paying"
    PAID = "paid"
    HELD = "held"
    REJECTED = "rejected"
    CLOSED = "closed"


class Step(StrEnum):
    """What can be done to an invoice; `answer` and `decide` are done by people, the rest by workers."""

    RECEIVE = "receive"
    EXTRACT = "extract"
    ASSESS = "assess"
    CHECK = "check"
    PREPARE = "prepare"
    ASK = "ask"
    WAIT = "wait"
    ANSWER = "answer"
    INTEND = "intend"
    PAY = "pay"
    REPORT = "report"
    TELL = "tell"
    DECIDE = "decide"


class Job(StrEnum):
    """The ARQ job names; each is one line, `advance(invoice id)`."""

    INGEST = "ingest_job"
    VALIDATE = "groq_validation_job"
    EXECUTE = "playwright_exec_job"
    NOTIFY = "notify_job"


class Queue(StrEnum):
    """The three pools of workers: by weight of the work."""

    DOCUMENTS = "documents"
    REASONING = "reasoning"
    BROWSER = "browser"


JOB_QUEUE: Final[Mapping[Job, Queue]] = {
    Job.INGEST: Queue.DOCUMENTS,
    Job.VALIDATE: Queue.REASONING,
    Job.EXECUTE: Queue.BROWSER,
    Job.NOTIFY: Queue.REASONING,
}


LEASE_S: Final = 20.0
"""For so long an invoice is its worker's; renewed while the step runs, so that a dead worker's is soon free."""


@dataclass(frozen=True)
class Due:
    """The step that is due in a state.

    `lease_s` is how long at most a worker may keep the invoice, by renewing its lease; the step itself is cut
    off well before. `attempts` is how often it is tried before a person is asked.
    """

    step: Step
    job: Job
    lease_s: int
    attempts: int

    @property
    def queue(self) -> Queue:
        """The pool of workers that runs it."""
        return JOB_QUEUE[self.job]

    @property
    def limit_s(self) -> float:
        """When the step is cut off: before its lease ends, so that no two workers hold one invoice."""
        return self.lease_s * 0.8


DUE: Final[Mapping[State, Due]] = {
    State.RECEIVED: Due(Step.EXTRACT, Job.INGEST, lease_s=90, attempts=5),
    State.EXTRACTED: Due(Step.ASSESS, Job.VALIDATE, lease_s=60, attempts=6),
    State.ASSESSED: Due(Step.CHECK, Job.VALIDATE, lease_s=30, attempts=6),
    State.CLEARED: Due(Step.PREPARE, Job.EXECUTE, lease_s=60, attempts=6),
    State.PREPARED: Due(Step.ASK, Job.NOTIFY, lease_s=45, attempts=8),
    State.ASKED: Due(Step.WAIT, Job.NOTIFY, lease_s=45, attempts=20),
    State.APPROVED: Due(Step.INTEND, Job.EXECUTE, lease_s=30, attempts=6),
    State.PAYING: Due(Step.PAY, Job.EXECUTE, lease_s=75, attempts=8),
    State.PAID: Due(Step.REPORT, Job.NOTIFY, lease_s=45, attempts=20),
    State.HELD: Due(Step.TELL, Job.NOTIFY, lease_s=45, attempts=20),
    State.REJECTED: Due(Step.REPORT, Job.NOTIFY, lease_s=45, attempts=20),
}
"""State -> the step that is due. `asked` and `held` wait for people: their steps only remind, expire and tell."""

TARGETS: Final[Mapping[tuple[State, Step], tuple[State, ...]]] = {
    (State.RECEIVED, Step.EXTRACT): (State.EXTRACTED, State.HELD, State.REJECTED),
    (State.EXTRACTED, Step.ASSESS): (State.ASSESSED, State.HELD),
    (State.ASSESSED, Step.CHECK): (State.CLEARED, State.HELD, State.REJECTED),
    (State.CLEARED, Step.PREPARE): (State.PREPARED, State.HELD),
    (State.PREPARED, Step.ASK): (State.ASKED, State.HELD),
    (State.ASKED, Step.WAIT): (State.ASKED, State.HELD, State.REJECTED),
    (State.ASKED, Step.ANSWER): (State.ASKED, State.APPROVED, State.REJECTED),
    (State.APPROVED, Step.INTEND): (State.PAYING, State.HELD),
    (State.PAYING, Step.PAY): (State.PAID, State.HELD),
    (State.PAID, Step.REPORT): (State.CLOSED,),
    (State.REJECTED, Step.REPORT): (State.CLOSED,),
    (State.HELD, Step.TELL): (State.HELD,),
    (State.HELD, Step.DECIDE): (State.RECEIVED, State.EXTRACTED, State.PAYING, State.REJECTED),
}
"""(State, step) -> where the step may lead. A step of `paid` and `rejected` that fails is tried again, never held."""

MOVES: Final[frozenset[tuple[State, State]]] = frozenset(
    (source, target) for (source, _), targets in TARGETS.items() for target in targets
)
"""Every legal (source, target); the table `moves` holds the same, and a test compares them.

What was held while `paying` has ways of its own: see `targets_of_held`.
"""

FINAL: Final[frozenset[State]] = frozenset({State.CLOSED})


def targets_of_held(held_from: State, *, clicked: bool) -> tuple[State, ...]:
    """Where a person may send a held invoice, given the state in which it was held.

    `clicked`: whether its payment may have been submitted, ever. Then only the bank can say, and `paying` asks it.
    What was never clicked can be taken back instead: it is judged and asked about anew, or ends.
    """
    if held_from is not State.PAYING:
        return tuple(t for t in TARGETS[State.HELD, Step.DECIDE] if t is not State.PAYING)
    return (State.PAYING,) if clicked else (State.EXTRACTED, State.PAYING, State.REJECTED)


def may_move(source: State, step: Step, target: State) -> bool:
    """Whether `step`, done in `source`, may lead to `target`."""
    return target in TARGETS.get((source, step), ())


def diagram() -> str:
    """The lifecycle as a Mermaid state diagram, for the documents."""
    lines = ["stateDiagram-v2", "    [*] --> received: receive"]
    for (source, step), targets in TARGETS.items():
        lines += [f"    {source} --> {target}: {step}" for target in targets]
    return "\n".join([*lines, "    closed --> [*]"])
