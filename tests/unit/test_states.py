"""The lifecycle as data: complete, reachable, and with no way to money around the approval."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.advance import STEPS
from schema.states import (
    DUE,
    FINAL,
    JOB_QUEUE,
    MOVES,
    TARGETS,
    Job,
    Queue,
    State,
    Step,
    diagram,
    may_move,
    targets_of_held,
)

LONGEST_WALK = 40


def reachable(start: State, moves: frozenset[tuple[State, State]] = MOVES) -> set[State]:
    found, new = {start}, {start}
    while new:
        new = {target for source, target in moves if source in new} - found
        found |= new
    return found


def test_every_state_but_the_last_has_a_step_that_is_due() -> None:
    assert set(DUE) == set(State) - FINAL


def test_every_due_step_has_targets_and_a_function() -> None:
    assert {due.step for due in DUE.values()} == set(STEPS)
    assert all(TARGETS[state, due.step] for state, due in DUE.items())


def test_every_move_is_by_the_step_that_is_due_or_by_a_person() -> None:
    by_people = {(State.ASKED, Step.ANSWER), (State.HELD, Step.DECIDE)}
    assert set(TARGETS) == {(state, due.step) for state, due in DUE.items()} | by_people


def test_every_step_appears_in_the_lifecycle() -> None:
    assert {step for _, step in TARGETS} | {Step.RECEIVE} == set(Step)


def test_every_job_has_a_queue_and_every_queue_a_job() -> None:
    assert set(JOB_QUEUE) == {due.job for due in DUE.values()} == set(Job)
    assert set(JOB_QUEUE.values()) == set(Queue)


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_reached_and_reaches_the_end(state: State) -> None:
    assert state in reachable(State.RECEIVED)
    assert State.CLOSED in reachable(state)


def test_nothing_follows_the_end() -> None:
    assert [move for move in MOVES if move[0] in FINAL] == []


def test_only_an_approved_invoice_or_a_held_payment_comes_to_paying() -> None:
    assert {source for source, target in MOVES if target is State.PAYING} == {State.APPROVED, State.HELD}


def test_only_paying_comes_to_paid() -> None:
    assert {source for source, target in MOVES if target is State.PAID} == {State.PAYING}


def test_only_an_answer_of_a_person_approves() -> None:
    assert [way for way, targets in TARGETS.items() if State.APPROVED in targets] == [
        (State.ASKED, Step.ANSWER)
    ]


@pytest.mark.parametrize("held_from", sorted(set(State) - {State.PAYING}))
def test_what_was_held_before_the_payment_never_goes_straight_to_paying(held_from: State) -> None:
    assert State.PAYING not in targets_of_held(held_from, clicked=False)


def test_what_may_have_been_clicked_goes_only_back_to_asking_the_bank() -> None:
    assert targets_of_held(State.PAYING, clicked=True) == (State.PAYING,)


def test_what_was_never_clicked_is_taken_back_or_asked_of_the_bank_and_never_called_paid() -> None:
    ways = targets_of_held(State.PAYING, clicked=False)
    assert set(ways) == {State.EXTRACTED, State.PAYING, State.REJECTED}


def test_a_decision_never_leads_anywhere_the_lifecycle_forbids() -> None:
    decided = {target for state in State for target in targets_of_held(state, clicked=False)}
    assert decided == set(TARGETS[State.HELD, Step.DECIDE])


@pytest.mark.parametrize("state", [State.PAID, State.REJECTED])
def test_what_has_ended_is_never_held_again(state: State) -> None:
    assert {target for source, target in MOVES if source is state} == {State.CLOSED}


@pytest.mark.parametrize("due", DUE.values(), ids=[str(state) for state in DUE])
def test_a_step_is_cut_off_before_its_lease_ends(due: object) -> None:
    (named,) = [each for each in DUE.values() if each is due]
    assert 0 < named.limit_s < named.lease_s
    assert named.attempts >= 1


def test_steps_of_one_job_need_no_other_lease_than_their_own() -> None:
    assert all(DUE[state].queue is JOB_QUEUE[DUE[state].job] for state in DUE)


@given(st.sampled_from(State), st.sampled_from(Step), st.sampled_from(State))
def test_a_move_is_legal_only_as_the_table_says(source: State, step: Step, target: State) -> None:
    assert may_move(source, step, target) == (target in TARGETS.get((source, step), ()))


def next_states(state: State, held_from: State | None, *, clicked: bool = False) -> list[State]:
    """Where an invoice may go; a held one as a person may send it."""
    if state is State.HELD:
        assert held_from is not None
        return sorted({State.HELD, *targets_of_held(held_from, clicked=clicked)})
    return sorted(target for source, target in MOVES if source is state)


@given(st.data())
def test_no_walk_comes_to_paid_without_an_approval_and_an_intent(data: st.DataObject) -> None:
    path, held_from = [State.RECEIVED], None
    while path[-1] not in FINAL and len(path) < LONGEST_WALK:
        target = data.draw(st.sampled_from(next_states(path[-1], held_from)))
        if target is State.HELD and path[-1] is not State.HELD:
            held_from = path[-1]
        path.append(target)
    if State.PAID in path:
        before = path[: path.index(State.PAID)]
        assert before[-1] is State.PAYING
        since_judged = before[len(before) - before[::-1].index(State.EXTRACTED) :]
        assert since_judged[since_judged.index(State.PAYING) - 1] is State.APPROVED


@given(st.data())
def test_a_walk_that_was_clicked_never_leaves_but_by_the_bank(data: st.DataObject) -> None:
    path, held_from = [State.PAYING], State.PAYING
    while path[-1] not in {State.PAID} and len(path) < LONGEST_WALK:
        path.append(data.draw(st.sampled_from(next_states(path[-1], held_from, clicked=True))))
    assert set(path) <= {State.PAYING, State.HELD, State.PAID}


def test_the_diagram_shows_every_state_and_every_move() -> None:
    lines = diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    drawn = {line.strip() for line in lines}
    assert {
        f"{source} --> {target}: {step}" for (source, step), targets in TARGETS.items() for target in targets
    } <= drawn
    assert {"[*] --> received: receive", "closed --> [*]"} <= drawn
