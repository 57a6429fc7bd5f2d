"""The model's contract: what it is asked, what it may answer, and which action lists the server accepts."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Literal
from urllib.parse import urljoin, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schema.document import Frozen
from schema.errors import ActionsRefusedError, PermanentError
from schema.ids import BlobKey, Sha256
from schema.masking import Safe
from schema.strict_json import canonical_bytes, loads_strict

Text = Annotated[Safe, Field(max_length=600)]


class Op(StrEnum):
    """The closed vocabulary of what a browser may be told to do."""

    NAVIGATE = "navigate"
    FILL = "fill"
    SELECT = "select"
    CLICK = "click"
    SCREENSHOT = "screenshot"
    PAUSE = "pause"
    ENTER_OTP = "enter_otp"
    SUBMIT = "submit"


class FormField(StrEnum):
    """The fields of the bank's transfer form."""

    RAIL = "rail"
    BENEFICIARY_NAME = "beneficiary_name"
    ACCOUNT_NUMBER = "account_number"
    ROUTING = "routing"
    AMOUNT = "amount"
    CURRENCY = "currency"
    REFERENCE = "reference"
    PAYMENT_DATE = "payment_date"


REFERENCES: Final[dict[FormField, tuple[Op, str]]] = {
    FormField.RAIL: (Op.SELECT, "payment.rail"),
    FormField.BENEFICIARY_NAME: (Op.FILL, "vendor.beneficiary_name"),
    FormField.ACCOUNT_NUMBER: (Op.FILL, "vendor.account_number"),
    FormField.ROUTING: (Op.FILL, "vendor.routing"),
    FormField.AMOUNT: (Op.FILL, "invoice.total"),
    FormField.CURRENCY: (Op.SELECT, "invoice.currency"),
    FormField.REFERENCE: (Op.FILL, "payment.reference"),
    FormField.PAYMENT_DATE: (Op.FILL, "payment.date"),
}
"""Form field -> how it is set and the one server fact it may be set to: a value is a reference, never text."""

TRANSFER_PATH: Final = "/transfer"
LONGEST_LIST: Final = 40


class Action(BaseModel):
    """One proposed action, flat so that strict schemas of all providers take it; unused members are null."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    op: str
    target: Annotated[str, Field(max_length=60)] | None
    value_ref: Annotated[str, Field(max_length=60)] | None
    url: Annotated[str, Field(max_length=300)] | None
    approved: bool | None


class Check(BaseModel):
    """One thing the model compared."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    code: Literal["amount", "currency", "vendor_name", "tax_id", "dates", "po", "account", "text"]
    ok: bool
    note: Text


class ValidationReport(BaseModel):
    """The model's opinion: advice for people and rules, never a decision."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    verdict: Literal["consistent", "suspicious", "insufficient"]
    risk: Literal["low", "medium", "high"]
    summary: Text
    checks: Annotated[tuple[Check, ...], Field(max_length=20)]


class ModelAnswer(BaseModel):
    """The whole reply: a report and a proposed action list; extra keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    report: ValidationReport
    actions: Annotated[tuple[Action, ...], Field(max_length=LONGEST_LIST)]


class ActionPlan(Frozen):
    """An accepted action list: complete, in order, every value a reference to a server fact."""

    actions: tuple[Action, ...]


class ModelReply(Frozen):
    """What went over the wire: exact bytes, their hashes, who was asked and who served.

    `request_sha256` and `response_sha256` are of the exact HTTP bodies. `content` is the message's text.
    """

    requested_model: str
    served_model: str
    provider: str
    request: bytes
    response: bytes
    request_sha256: Sha256
    response_sha256: Sha256
    content: str
    cost_usd: str | None = None
    seconds: float


class Assessment(Frozen):
    """What is stored of the model's answer; `plan` is None when the list was refused, with the reason."""

    report: ValidationReport
    actions_raw: tuple[dict[str, Any], ...]
    plan: ActionPlan | None
    refusal: str | None
    requested_model: str
    served_model: str
    provider: str
    request_sha256: Sha256
    response_sha256: Sha256
    request_key: BlobKey
    response_key: BlobKey
    accounts_checked: int
    cost_usd: str | None


LONGEST_ANSWER: Final = 100_000
"""Characters of an answer that are looked at; a full list and report has under 10,000."""


def parse_answer(content: str) -> ModelAnswer:
    """The model's text as a ModelAnswer; PermanentError when it is anything but exactly the agreed JSON.

    Nothing is repaired: no fence is stripped, no key ignored, no number read as text, no key given twice.
    The refusal names the first place that is wrong, never what stands there.
    """
    try:
        if len(content) > LONGEST_ANSWER:
            raise ValueError("too long")
        return ModelAnswer.model_validate_json(canonical_bytes(loads_strict(content)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(step)[:40] for step in first["loc"])
        raise PermanentError(f"{_NOT_AGREED} ({place}: {first['type']}).") from None
    except ValueError:
        raise PermanentError(f"{_NOT_AGREED} (it is not JSON).") from None


_NOT_AGREED: Final = "The model did not answer in the agreed form"


def accept_actions(actions: tuple[Action, ...], *, bank_origin: str) -> ActionPlan:
    """Accept a proposed list or raise ActionsRefusedError with the reason; nothing is repaired.

    1. Every operation is known and carries only the members it needs.
    2. Navigation stays within the bank's origin and opens the transfer form.
    3. Every form field is set exactly once, each to its own server fact.
    4. The order is: navigate, set fields, continue, screenshot, pause, one-time password, submit.
    5. `submit` says `approved: true`, comes once and last.
    """
    for action in actions:
        _refuse_unknown(action)
        _refuse_foreign(action, bank_origin)
    _refuse_disorder(actions)
    return ActionPlan(actions=actions)


_MEMBERS: Final[dict[str, frozenset[str]]] = {
    Op.NAVIGATE: frozenset({"url"}),
    Op.FILL: frozenset({"target", "value_ref"}),
    Op.SELECT: frozenset({"target", "value_ref"}),
    Op.CLICK: frozenset({"target"}),
    Op.SCREENSHOT: frozenset({"target"}),
    Op.PAUSE: frozenset({"target"}),
    Op.ENTER_OTP: frozenset({"value_ref"}),
    Op.SUBMIT: frozenset({"approved"}),
}


def _refuse_unknown(action: Action) -> None:
    if action.op not in _MEMBERS:
        raise ActionsRefusedError(f"Unknown operation {action.op[:40]!r}.")
    given = {name for name in ("target", "value_ref", "url", "approved") if getattr(action, name) is not None}
    if action.op == Op.SUBMIT and action.approved is not True:
        raise ActionsRefusedError("A submit without approved: true.")
    if given != _MEMBERS[action.op]:
        raise ActionsRefusedError(f"{action.op} carries {sorted(given)}, not {sorted(_MEMBERS[action.op])}.")


def _refuse_foreign(action: Action, bank_origin: str) -> None:
    if action.url is None:
        return
    try:
        url = urlsplit(urljoin(bank_origin, action.url))
        origin = f"{url.scheme}://{url.netloc}"
    except ValueError as error:
        raise ActionsRefusedError("Navigation to something that is no address.") from error
    if origin != bank_origin.rstrip("/"):
        raise ActionsRefusedError("Navigation outside the bank's origin.")
    # Exactly: `/transfer?` and `/./transfer` lead there too, but a list that is not as agreed is not to be trusted.
    if action.url not in (TRANSFER_PATH, origin + TRANSFER_PATH):
        raise ActionsRefusedError("Navigation to another page than the transfer form.")


def _refuse_disorder(actions: tuple[Action, ...]) -> None:
    fields = {f"{field}": expected for field, expected in REFERENCES.items()}
    setting = [a for a in actions if a.op in (Op.FILL, Op.SELECT)]
    for action in setting:
        op, reference = fields.get(action.target or "", (None, None))
        if action.value_ref != reference or action.op != op:
            raise ActionsRefusedError(
                f"{action.op} {(action.target or '')[:40]!r} from {(action.value_ref or '')[:40]!r} is not allowed."
            )
    if sorted(a.target or "" for a in setting) != sorted(fields):
        raise ActionsRefusedError("The list does not set every field of the form exactly once.")
    shape = [a.op for a in actions if a not in setting]
    ends = [(a.op, a.target or a.value_ref) for a in actions[len(setting) + 1 :]]
    if shape[:1] != [Op.NAVIGATE] or actions[0].op != Op.NAVIGATE or ends != _ENDING:
        raise ActionsRefusedError("The list is not in the order open, fill, continue, pause, confirm.")


_ENDING: Final[list[tuple[str, str | None]]] = [
    (Op.CLICK, "continue"),
    (Op.SCREENSHOT, "confirm"),
    (Op.PAUSE, "approval"),
    (Op.ENTER_OTP, "bank.otp"),
    (Op.SUBMIT, None),
]
