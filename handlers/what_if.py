"""What another policy would have said: the rules run again on what is on record of past invoices, under both policies.

Reads only. Vendor, purchase order and twins are as they are now, for both, so that what differs is the policy's doing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from handlers.check import HEAVY, gather
from handlers.facts import Facts
from handlers.rules import judge
from handlers.world import World
from schema.ids import InvoiceId
from schema.money import Money
from schema.policy import Policy
from schema.states import State

MOST_INVOICES: Final = 300
"""About five look-ups for each; a person waits for the answer."""


@dataclass(frozen=True)
class Judgement:
    """What `check` would do: where the invoice goes, how many people are asked, and what was noticed."""

    outcome: State
    people_needed: int | None
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """An invoice that the two policies judge differently."""

    invoice_id: InvoiceId
    number: str
    vendor: str | None
    total: Money | None
    state: State
    before: Judgement
    after: Judgement


@dataclass(frozen=True)
class WhatIf:
    """How many invoices were judged again, the oldest of them, and where the policies differ."""

    judged: int
    oldest: datetime | None
    differences: tuple[Difference, ...]


async def what_if(policy: Policy, world: World, *, since: datetime) -> WhatIf:
    """Judge the newest invoices since then by `world.policy` and by `policy`."""
    differences, judged, oldest = [], 0, None
    for each in await world.store.policies.judged(since, MOST_INVOICES):
        invoice = await world.store.street.invoice(each)
        assert invoice is not None
        facts = await gather(invoice, world)
        before, after = _judgement(facts), _judgement(replace(facts, policy=policy))
        judged, oldest = judged + 1, invoice.created_at
        if before != after:
            difference = Difference(
                invoice_id=each,
                number=invoice.number,
                vendor=facts.vendor.name if facts.vendor else None,
                total=facts.total,
                state=invoice.state,
                before=before,
                after=after,
            )
            differences.append(difference)
    return WhatIf(judged=judged, oldest=oldest, differences=tuple(differences))


def _judgement(facts: Facts) -> Judgement:
    findings = judge(facts)
    outcome = HEAVY.get(findings[0].severity, State.CLEARED) if findings else State.CLEARED
    cleared = outcome is State.CLEARED and facts.total is not None
    people = facts.policy.people_needed(facts.total) if cleared and facts.total else None
    return Judgement(outcome=outcome, people_needed=people, rules=tuple(finding.rule for finding in findings))
