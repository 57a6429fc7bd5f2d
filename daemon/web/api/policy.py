"""The owner's limits: the version in force, those before, what another would change, and putting it in force."""

from __future__ import annotations

import difflib
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from daemon.web.api.access import Fresh, Reader, WorldDep, allowed
from daemon.web.api.master_models import Answer, HistoryAnswer, Note, Request
from daemon.web.api.masters import actor, history_page, page_of
from daemon.web.api.paging import After, Limit, Page, read_cursor
from daemon.web.api.problems import FieldError, Problem, not_found, problems
from daemon.web.api.roles import Permission
from handlers.in_force import with_policy_in_force
from handlers.what_if import Judgement, what_if
from handlers.world import World
from schema.history import Change, Subject, differences
from schema.ids import InvoiceId
from schema.masking import mask
from schema.money import Money
from schema.people import Person
from schema.policy import Policy, PolicyTextError, cautions, parse_policy
from schema.states import State
from schema.store.policies import FILE

router = APIRouter(prefix="/policy", tags=["policy"])

Editor = Annotated[Person, Depends(allowed(Permission.POLICY_EDIT))]

LONGEST_TEXT: Final = 20_000
Toml = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_TEXT,
        description="The whole policy as TOML.",
        examples=["[limits]\ntwo_people_above = { INR = 200000 }\nrefuse_above = { INR = 5000000 }\n"],
    ),
]
Version = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$", examples=["a1b2c3d4e5f6"])]


class DraftIn(Request):
    """A policy that somebody is writing."""

    text: Toml


class WhatIfIn(Request):
    """A policy that somebody is writing, and how far back to look."""

    text: Toml
    days: Annotated[int, Field(ge=1, le=366)] = 90


class ActivationIn(Request):
    """A policy to put in force in place of `seen`, the version that was in force when it was looked at."""

    text: Toml
    seen: Version
    note: Note


class PolicyAnswer(Answer):
    """A policy; `source` says whether it still is the policy file's or was put in force in the console."""

    version: str
    text: str
    source: Literal["file", "console"]
    settings: dict[str, Any]
    cautions: tuple[str, ...]


class ActivationAnswer(Answer):
    """When a version was put in force, by whom and why."""

    seq: int
    version: str
    activated_by: str
    activated_at: datetime | None
    note: str
    in_force: bool


class DraftAnswer(Answer):
    """What is to be said of a draft: errors, or what it changes of the policy in force."""

    valid: bool
    version: str | None
    errors: tuple[FieldError, ...]
    cautions: tuple[str, ...]
    changes: tuple[Change, ...]
    diff: Annotated[tuple[str, ...], Field(description="Lines of a unified diff to the policy in force.")]


class DiffAnswer(Answer):
    """What differs between two versions."""

    changes: tuple[Change, ...]
    diff: tuple[str, ...]


class JudgementAnswer(Answer):
    """Where the rules send an invoice, how many people would be asked, and what they notice."""

    outcome: State
    people_needed: int | None
    rules: tuple[str, ...]


class DifferenceAnswer(Answer):
    """An invoice that would be judged differently; `state` is where it really is."""

    invoice_id: InvoiceId
    number: str
    vendor: str | None
    total: Money | None
    state: State
    before: JudgementAnswer
    after: JudgementAnswer


class WhatIfAnswer(Answer):
    """Past invoices judged again by the policy in force and by the draft; nothing is changed."""

    definition: str
    judged: int
    oldest: datetime | None
    held_more: int
    held_less: int
    differences: tuple[DifferenceAnswer, ...]


DEFINITION: Final = (
    "The rules run again on the newest invoices (at most 300) that they judged before, with what was read of each and "
    "with vendor, purchase order and twins as they are now, once by the policy in force and once by the draft."
)


@router.get("", operation_id="getPolicy", summary="The policy in force", responses=problems())
async def get_policy(_: Reader, world: WorldDep) -> PolicyAnswer:
    """The policy that the very next step of every invoice goes by."""
    activated = await world.store.policies.in_force()
    return _policy_answer(activated or world.policy, "console" if activated else "file")


@router.get(
    "/versions", operation_id="listPolicyVersions", summary="What was in force when", responses=problems()
)
async def list_versions(
    _: Reader, world: WorldDep, limit: Limit = 50, after: After = None
) -> Page[ActivationAnswer]:
    """What was put in force, the newest first; the policy file came before all of them."""
    keys = read_cursor(after, int)
    before = int(keys[0]) if keys else None
    found = await world.store.policies.activations(before=before, limit=limit + 1)
    shown, following = page_of(found, limit, lambda each: each.seq)
    items = [
        ActivationAnswer(
            **each.model_dump(exclude={"body"}), in_force=before is None and each.seq == found[0].seq
        )
        for each in shown
    ]
    if following is None:
        items.append(await _file(world, in_force=before is None and not found))
    return Page(items=items, next=following)


@router.get(
    "/versions/{version}", operation_id="getPolicyVersion", summary="One version", responses=problems(404)
)
async def get_version(version: str, _: Reader, world: WorldDep) -> PolicyAnswer:
    """A version that was ever in force."""
    return _policy_answer(await _version(version, world), "console")


@router.get(
    "/diff",
    operation_id="diffPolicyVersions",
    summary="What differs of two versions",
    responses=problems(404),
)
async def diff_versions(before: str, after: str, _: Reader, world: WorldDep) -> DiffAnswer:
    """What differs between two versions that were ever in force."""
    old, new = await _version(before, world), await _version(after, world)
    return DiffAnswer(changes=_changes(old, new), diff=_diff(old.text, new.text))


@router.post(
    "/validate", operation_id="validatePolicy", summary="Check a draft; writes nothing", responses=problems()
)
async def validate_policy(body: DraftIn, _: Editor, world: WorldDep) -> DraftAnswer:
    """Everything that is wrong with a draft, or what it changes of the policy in force."""
    now = (await with_policy_in_force(world)).policy
    text = _unix(body.text)
    diff = _diff(now.text, text)
    try:
        draft = parse_policy(text)
    except PolicyTextError as error:
        return DraftAnswer(
            valid=False, version=None, errors=_errors(error), cautions=(), changes=(), diff=diff
        )
    return DraftAnswer(
        valid=True,
        version=draft.version,
        errors=(),
        cautions=cautions(draft),
        changes=_changes(now, draft),
        diff=diff,
    )


@router.post(
    "/what-if", operation_id="tryPolicy", summary="Judge past invoices by a draft", responses=problems()
)
async def try_policy(body: WhatIfIn, _: Editor, world: WorldDep) -> WhatIfAnswer:
    """Which past invoices would have been held, let through or asked of more people."""
    draft = _parsed(body.text)
    now = await with_policy_in_force(world)
    result = await what_if(draft, now, since=world.clock.now() - timedelta(days=body.days))
    moved = [(each.before.outcome, each.after.outcome) for each in result.differences]
    return WhatIfAnswer(
        definition=DEFINITION,
        judged=result.judged,
        oldest=result.oldest,
        held_more=sum(before is State.CLEARED and after is not State.CLEARED for before, after in moved),
        held_less=sum(before is not State.CLEARED and after is State.CLEARED for before, after in moved),
        differences=tuple(
            DifferenceAnswer(
                invoice_id=each.invoice_id,
                number=str(mask(each.number)),
                vendor=each.vendor,
                total=each.total,
                state=each.state,
                before=_judgement(each.before),
                after=_judgement(each.after),
            )
            for each in result.differences
        ),
    )


@router.post(
    "/activate",
    operation_id="activatePolicy",
    summary="Put a policy in force",
    dependencies=[Fresh],
    responses=problems(409),
)
async def activate_policy(body: ActivationIn, person: Editor, world: WorldDep) -> PolicyAnswer:
    """Put a policy in force from the next step on; what was approved under another one is asked again."""
    draft, now = _parsed(body.text), (await with_policy_in_force(world)).policy
    if now.version != body.seen:
        raise Problem(
            409,
            "stale",
            "Changed meanwhile",
            "Another policy is in force by now; look at it again.",
            version=now.version,
        )
    if now.version == draft.version:
        raise Problem(409, "nothing-changed", "Nothing changed", "This very policy is in force already.")
    await world.store.policies.activate(
        draft, body.note, seen=now, by=actor(person), at=world.clock.now(), changes=_changes(now, draft)
    )
    return _policy_answer(draft, "console")


@router.get(
    "/history", operation_id="listPolicyHistory", summary="Every change of the policy", responses=problems()
)
async def policy_history(
    _: Reader, world: WorldDep, limit: Limit = 50, after: After = None
) -> Page[HistoryAnswer]:
    """Every change of the policy, setting by setting, the newest first."""
    return await history_page(world, Subject.POLICY, "policy", after, limit)


def _policy_answer(policy: Policy, source: Literal["file", "console"]) -> PolicyAnswer:
    return PolicyAnswer(
        version=policy.version,
        text=policy.text,
        source=source,
        settings=policy.model_dump(mode="json", exclude={"version", "text"}),
        cautions=cautions(policy),
    )


async def _version(version: str, world: World) -> Policy:
    if version == world.policy.version:
        return world.policy
    text = await world.store.policies.text(version)
    if text is None:
        raise not_found("version of the policy")
    return parse_policy(text)


async def _file(world: World, *, in_force: bool) -> ActivationAnswer:
    """The policy file as the first activation found it, or as it is where there was none."""
    version = await world.store.policies.file_version() or world.policy.version
    return ActivationAnswer(
        seq=0, version=version, activated_by=FILE, activated_at=None, note="", in_force=in_force
    )


def _parsed(text: str) -> Policy:
    try:
        return parse_policy(_unix(text))
    except PolicyTextError as error:
        raise Problem(
            422, "invalid", "Not valid", "Mend what is named.", errors=list(_errors(error))
        ) from error


def _unix(text: str) -> str:
    """Browsers send CR LF; the version must not depend on it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n") + "\n"


def _errors(error: PolicyTextError) -> tuple[FieldError, ...]:
    return tuple(FieldError(field=place or "text", message=sentence) for place, sentence in error.wrong)


def _changes(before: Policy, after: Policy) -> tuple[Change, ...]:
    old, new = _flat(before), _flat(after)
    return differences(old, dict.fromkeys(old) | new)


def _flat(policy: Policy) -> dict[str, object]:
    """Every setting by its full name: `limits.refuse_above.INR`."""
    flat: dict[str, object] = {}
    left: list[tuple[str, object]] = [
        ("", policy.model_dump(mode="json", exclude={"version", "text"})),
    ]
    while left:
        name, value = left.pop(0)
        if isinstance(value, dict):
            left = [(f"{name}.{key}".lstrip("."), each) for key, each in value.items()] + left
        else:
            flat[name] = value
    return flat


def _diff(before: str, after: str) -> tuple[str, ...]:
    return tuple(
        difflib.unified_diff(before.splitlines(), after.splitlines(), "in force", "draft", lineterm="")
    )


def _judgement(judgement: Judgement) -> JudgementAnswer:
    return JudgementAnswer(
        outcome=judgement.outcome, people_needed=judgement.people_needed, rules=judgement.rules
    )
