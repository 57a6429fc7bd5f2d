"""Only the canonical action list is accepted, and only the agreed JSON is read as an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.openrouter_rules import canonical_actions
from schema.errors import ActionsRefusedError, PermanentError
from schema.strict_json import canonical_bytes, common_subset, loads_strict
from schema.verdict import REFERENCES, Action, ModelAnswer, accept_actions, parse_answer

BANK = "https://bank.test:8443"
CANONICAL = tuple(Action(**action) for action in canonical_actions())
NAVIGATE, SETTINGS, ENDING = CANONICAL[0], CANONICAL[1:9], CANONICAL[9:]

REPORT = {"verdict": "consistent", "risk": "low", "summary": "All agrees.", "checks": []}
ANSWER: dict[str, Any] = {"report": REPORT, "actions": canonical_actions()}


def changed(place: int, **members: Any) -> tuple[Action, ...]:
    """The canonical list with one action changed."""
    actions = list(CANONICAL)
    actions[place] = actions[place].model_copy(update=members)
    return tuple(actions)


def refuse(actions: tuple[Action, ...], reason: str) -> None:
    with pytest.raises(ActionsRefusedError, match=reason):
        accept_actions(actions, bank_origin=BANK)


def test_the_canonical_list_is_accepted() -> None:
    assert accept_actions(CANONICAL, bank_origin=BANK).actions == CANONICAL


def test_the_stand_in_sets_exactly_the_fields_of_the_form() -> None:
    assert {action.target: (action.op, action.value_ref) for action in SETTINGS} == {
        f"{field}": expected for field, expected in REFERENCES.items()
    }


@given(st.permutations(SETTINGS))
def test_the_fields_may_be_set_in_any_order(settings: list[Action]) -> None:
    accept_actions((NAVIGATE, *settings, *ENDING), bank_origin=BANK)


def test_the_banks_own_full_address_is_accepted() -> None:
    accept_actions(changed(0, url=f"{BANK}/transfer"), bank_origin=BANK + "/")


@pytest.mark.parametrize("op", ["download", "", "SUBMIT", "eval", "submit "])
def test_an_unknown_operation_is_refused(op: str) -> None:
    refuse(changed(3, op=op), "Unknown operation")


@pytest.mark.parametrize("approved", [None, False])
def test_a_submit_without_approval_is_refused(approved: bool | None) -> None:
    refuse(changed(13, approved=approved), "without approved: true")


@pytest.mark.parametrize(
    ("place", "members"),
    [
        (0, {"target": "rail"}),
        (3, {"url": "/transfer"}),
        (3, {"approved": True}),
        (9, {"value_ref": "bank.otp"}),
        (10, {"url": "/transfer"}),
        (12, {"target": "otp"}),
        (13, {"url": "/transfer"}),
        (3, {"value_ref": None}),
        (0, {"url": None}),
    ],
)
def test_an_action_with_other_members_than_it_needs_is_refused(place: int, members: dict[str, Any]) -> None:
    refuse(changed(place, **members), "carries")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/transfer",
        "//evil.test/transfer",
        "http://bank.test:8443/transfer",
        "https://bank.test/transfer",
        "https://bank.test:8443@evil.test/transfer",
        "https://user@bank.test:8443/transfer",
        "https://bank.test:8443.evil.test/transfer",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
    ],
)
def test_navigation_outside_the_banks_origin_is_refused(url: str) -> None:
    refuse(changed(0, url=url), "outside the bank's origin")


@pytest.mark.parametrize(
    "url",
    ["/", "", "/statement", "/transfer?amount=1", "/transfer#x", "/transfer?", "/./transfer", "/trans\tfer", "transfer",
     "/transfer/", "/logout/../transfer", "/\\evil.test/transfer"],
)  # fmt: skip
def test_navigation_to_another_page_is_refused(url: str) -> None:
    refuse(changed(0, url=url), "another page")


def test_an_address_that_cannot_be_read_is_refused() -> None:
    refuse(changed(0, url="http://[bad/transfer"), "no address")


@pytest.mark.parametrize(
    ("place", "members"),
    [
        (3, {"value_ref": "502100123456"}),
        (3, {"value_ref": "invoice.account"}),
        (3, {"value_ref": "vendor.routing"}),
        (3, {"target": "otp"}),
        (3, {"op": "select"}),
        (1, {"op": "fill"}),
        (5, {"value_ref": "118000.00"}),
    ],
)
def test_a_field_set_from_anything_but_its_own_fact_is_refused(place: int, members: dict[str, Any]) -> None:
    refuse(changed(place, **members), "is not allowed")


@pytest.mark.parametrize("place", range(1, 9))
def test_a_list_that_leaves_a_field_out_is_refused(place: int) -> None:
    refuse(CANONICAL[:place] + CANONICAL[place + 1 :], "every field")


def test_a_field_set_twice_is_refused() -> None:
    refuse((*CANONICAL[:9], CANONICAL[3], *ENDING), "every field")


def test_an_empty_list_is_refused() -> None:
    refuse((), "every field")


@pytest.mark.parametrize("place", [0, *range(9, 14)])
def test_a_list_that_leaves_a_step_out_is_refused(place: int) -> None:
    refuse(CANONICAL[:place] + CANONICAL[place + 1 :], "order")


def test_a_submit_before_the_pause_is_refused() -> None:
    refuse((*CANONICAL[:11], CANONICAL[13], *CANONICAL[11:13]), "order")


def test_a_second_submit_is_refused() -> None:
    refuse((*CANONICAL, CANONICAL[13]), "order")


def test_a_second_navigation_is_refused() -> None:
    refuse((*CANONICAL[:9], NAVIGATE, *ENDING), "order")


def test_a_field_set_after_the_confirm_page_is_refused() -> None:
    refuse((NAVIGATE, *SETTINGS[:7], *ENDING[:3], SETTINGS[7], *ENDING[3:]), "order")


WORDS = st.sampled_from(
    [None, "", "rail", "amount", "account_number", "continue", "confirm", "approval", "vendor.account_number",
     "bank.otp", "payment.rail", "502100123456", "/transfer", "https://evil.test/"]
)  # fmt: skip
OPS = st.sampled_from(
    ["navigate", "fill", "select", "click", "screenshot", "pause", "enter_otp", "submit", "eval"]
)
ANY_ACTION = st.builds(
    Action, op=OPS, target=WORDS, value_ref=WORDS, url=WORDS, approved=st.sampled_from([None, True, False])
)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Action, ...]:
    """The canonical list after one to four random changes."""
    actions = list(CANONICAL)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(actions) - 1))
        change = draw(st.sampled_from(["drop", "double", "insert", "replace", "swap", "member"]))
        other = draw(st.integers(0, len(actions) - 1))
        if change == "drop" and len(actions) > 1:
            del actions[place]
        elif change == "double":
            actions.insert(other, actions[place])
        elif change == "insert":
            actions.insert(place, draw(ANY_ACTION))
        elif change == "replace":
            actions[place] = draw(ANY_ACTION)
        elif change == "swap":
            actions[place], actions[other] = actions[other], actions[place]
        else:
            member = draw(st.sampled_from(["target", "value_ref", "url"]))
            actions[place] = actions[place].model_copy(update={member: draw(WORDS)})
    return tuple(actions)


def is_canonical(actions: tuple[Action, ...]) -> bool:
    return (
        len(actions) == len(CANONICAL)
        and actions[0] == NAVIGATE
        and set(actions[1:9]) == set(SETTINGS)
        and actions[9:] == ENDING
    )


@given(mutated())
def test_every_mutation_is_refused_unless_it_is_the_canonical_list(actions: tuple[Action, ...]) -> None:
    try:
        accept_actions(actions, bank_origin=BANK)
        accepted = True
    except ActionsRefusedError:
        accepted = False
    assert accepted == is_canonical(actions)


@given(st.lists(ANY_ACTION, max_size=20))
def test_random_lists_are_refused_and_never_crash(actions: list[Action]) -> None:
    with pytest.raises(ActionsRefusedError):
        accept_actions(tuple(actions), bank_origin=BANK)


def refuse_answer(content: str) -> None:
    with pytest.raises(PermanentError, match=r"^The model did not answer in the agreed form"):
        parse_answer(content)


def test_the_agreed_answer_is_read() -> None:
    assert parse_answer(json.dumps(ANSWER)).actions == CANONICAL


@pytest.mark.parametrize(
    "content",
    [
        "",
        "The invoice looks fine.",
        f"```json\n{json.dumps(ANSWER)}\n```",
        json.dumps(ANSWER)[:200],
        json.dumps(ANSWER) + "{}",
        json.dumps([ANSWER]),
        "null",
        '{"report": null, ' + json.dumps(ANSWER)[1:],
        json.dumps(ANSWER).replace('"low"', "NaN"),
        json.dumps(ANSWER | {"confidence": 1}),
        json.dumps({"report": REPORT}),
        json.dumps({"report": REPORT | {"verdict": "approved"}, "actions": []}),
        json.dumps({"report": REPORT | {"summary": 7}, "actions": []}),
        json.dumps({"report": REPORT | {"summary": "Pay 502100123456"}, "actions": []}),
        json.dumps({"report": REPORT | {"summary": "x" * 601}, "actions": []}),
        json.dumps(
            {"report": REPORT | {"checks": [{"code": "mood", "ok": True, "note": ""}]}, "actions": []}
        ),
        json.dumps({"report": REPORT, "actions": [canonical_actions()[0]] * 41}),
        json.dumps({"report": REPORT, "actions": [canonical_actions()[13] | {"approved": "true"}]}),
        json.dumps({"report": REPORT, "actions": [canonical_actions()[13] | {"selector": "#pay"}]}),
        "[" * 50_000,
        " " * 200_000,
        '{"report": "\ud800"}',
    ],
)
def test_an_answer_out_of_form_is_refused(content: str) -> None:
    refuse_answer(content)


def test_the_refusal_does_not_repeat_what_it_refuses() -> None:
    with pytest.raises(PermanentError) as refused:
        parse_answer(json.dumps({"report": REPORT | {"summary": "Pay 502100123456"}, "actions": []}))
    assert "502100" not in str(refused.value)


LEAVES = st.none() | st.booleans() | st.floats() | st.text(max_size=5)
ANY_JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=8
)


@given(ANY_JSON)
def test_any_other_json_is_refused_and_never_crashes(value: Any) -> None:
    refuse_answer(json.dumps(value))


def nodes(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for item in schema for found in nodes(item)]
    if not isinstance(schema, dict):
        return []
    below = [found for item in schema.values() for found in nodes(item)]
    return [schema, *below] if "type" in schema and not isinstance(schema["type"], dict) else below


def test_the_schema_asks_for_every_member_and_no_other() -> None:
    objects = [node for node in nodes(common_subset(ModelAnswer)) if node["type"] == "object"]
    assert len(objects) == 4
    assert all(sorted(node["properties"]) == sorted(node["required"]) for node in objects)
    assert all(node["additionalProperties"] is False for node in objects)


def test_the_schema_uses_only_what_all_providers_take() -> None:
    used = {key for node in nodes(common_subset(ModelAnswer)) for key in node}
    assert used == {"type", "enum", "items", "properties", "required", "additionalProperties"}


def test_a_nullable_member_is_a_type_array() -> None:
    action = common_subset(ModelAnswer)["properties"]["actions"]["items"]
    assert action["properties"]["approved"] == {"type": ["boolean", "null"]}


def test_equal_values_have_equal_bytes() -> None:
    assert (
        canonical_bytes({"b": 1, "a": "₹"})
        == canonical_bytes({"a": "₹", "b": 1})
        == '{"a":"₹","b":1}'.encode()
    )


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', '{"a":NaN}', "-Infinity", "{", "", '{"a":{"b":1,"b":1}}'])
def test_doubtful_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        loads_strict(text)
