"""What a rule says of an invoice."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from schema.document import Frozen


class Severity(StrEnum):
    """How much a finding weighs, in rising order: told, shown with a warning, held, ended."""

    INFO = "info"
    WARN = "warn"
    HOLD = "hold"
    REJECT = "reject"


class Finding(Frozen):
    """One thing a rule noticed: its id, how heavy, a sentence for people, and the evidence (masked)."""

    rule: str
    severity: Severity
    sentence: str
    evidence: dict[str, str] = Field(default_factory=dict)
