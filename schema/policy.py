"""The owner's limits, from a TOML file; its hash is the policy version that approvals bind to."""

from __future__ import annotations

import hashlib
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from schema.document import Frozen
from schema.errors import PermanentError, SettingsError
from schema.money import Currency, Money

Amounts = dict[Currency, Annotated[Decimal, Field(ge=0)]]


class Limits(Frozen):
    """Sums per currency. A currency without a two-person limit is not paid at all."""

    two_people_above: Amounts
    refuse_above: Amounts
    tolerance: Annotated[Decimal, Field(ge=0)] = Decimal("1.00")


class Approvals(Frozen):
    """How long people have to answer, and when they are reminded."""

    expire_after_minutes: Annotated[int, Field(ge=5, le=7 * 24 * 60)] = 24 * 60
    remind_after_minutes: Annotated[int, Field(ge=1)] = 60


class Reading(Frozen):
    """How sure the reader must be of the fields a payment stands on (0..1)."""

    minimum_confidence: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.70")


class Rails(Frozen):
    """The bound between India's payment rails, in INR; a bank may set another."""

    rtgs_from: Annotated[Decimal, Field(ge=0)] = Decimal(200_000)


class BankChanges(Frozen):
    """How long new bank details of a vendor must wait, at least, before a second person may confirm them."""

    cooling_off_hours: Annotated[int, Field(ge=0, le=30 * 24)] = 24


class Policy(Frozen):
    """All limits; `version` is the first 12 hex digits of the SHA-256 of `text`, the file's own text."""

    limits: Limits
    approvals: Approvals = Approvals()
    reading: Reading = Reading()
    rails: Rails = Rails()
    bank_changes: BankChanges = BankChanges()
    version: str = ""
    text: Annotated[str, Field(repr=False)] = ""

    def people_needed(self, total: Money) -> int:
        """How many different people must approve `total`: one, or two above the limit."""
        return 2 if total.amount > self.limits.two_people_above.get(total.currency, Decimal(0)) else 1


class PolicyTextError(PermanentError):
    """This is no valid policy; `wrong` has the place and the sentence of everything that is wrong."""

    def __init__(self, wrong: tuple[tuple[str, str], ...]) -> None:
        super().__init__(
            "; ".join(f"{place}: {sentence}" if place else sentence for place, sentence in wrong)
        )
        self.wrong = wrong


def load_policy(path: Path) -> Policy:
    """Read the policy file; SettingsError names the line or the field that is wrong."""
    try:
        return parse_policy(path.read_bytes().decode())
    except OSError as error:
        raise SettingsError(f"POLICY_FILE {path} cannot be read: {error.strerror}.") from error
    except (PolicyTextError, UnicodeDecodeError) as error:
        raise SettingsError(f"POLICY_FILE {path} is not a valid policy: {error}") from error


def parse_policy(text: str) -> Policy:
    """A policy of its text; PolicyTextError names everything that is wrong with it."""
    try:
        content: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)
        return Policy(**content, version=policy_version(text), text=text)
    except ValidationError as error:
        wrong = tuple((".".join(map(str, each["loc"])), each["msg"]) for each in error.errors())
        raise PolicyTextError(wrong) from error
    except (tomllib.TOMLDecodeError, TypeError, RecursionError, InvalidOperation) as error:
        raise PolicyTextError((("", str(error)),)) from error


def policy_version(text: str) -> str:
    """The version of a policy of this text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def cautions(policy: Policy) -> tuple[str, ...]:
    """What is allowed in a policy and yet should make its author look twice."""
    limits, said = policy.limits, list[str]()
    for currency in sorted(limits.two_people_above):
        two, most = limits.two_people_above[currency], limits.refuse_above.get(currency)
        if most is None:
            said.append(f"{currency} has no upper limit: any sum may be paid with two approvals.")
        elif most <= two:
            said.append(f"{currency}: everything is refused before two people would be needed.")
    missing = sorted(set(limits.refuse_above) - set(limits.two_people_above))
    said += [f"{currency} is not paid at all: it has no two-person limit." for currency in missing]
    if policy.approvals.remind_after_minutes >= policy.approvals.expire_after_minutes:
        said.append("Nobody is reminded: the time to answer ends before.")
    if policy.bank_changes.cooling_off_hours == 0:
        said.append("New bank details may be confirmed at once: there is no cooling-off.")
    if policy.reading.minimum_confidence < Decimal("0.5"):
        said.append("Fields that the reader is hardly sure of are taken as read.")
    return tuple(said)
