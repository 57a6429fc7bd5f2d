"""What is due in a folder."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handlers.cursor import RETRY_MOST_S, Position, Retry, nap_seconds, try_later, what_is_due

UIDS = st.sets(st.integers(1, 50))


def test_new_mail_comes_before_what_was_left_lying() -> None:
    assert what_is_due([2, 3, 9, 8], 5, {}, 0) == (8, 9, 2, 3)


def test_a_retry_waits_for_its_time() -> None:
    left = {4: Retry(1, 10.0), 6: Retry(1, 30.0)}
    assert what_is_due([], 9, left, 20.0) == (4,)


def test_a_listed_mail_that_is_put_off_is_not_taken_early() -> None:
    assert what_is_due([4, 5], 0, {4: Retry(1, 10.0)}, 0.0) == (5,)


@given(UIDS, st.integers(0, 50), UIDS)
def test_every_listed_mail_is_due_once_or_put_off(listed: set[int], done: int, left: set[int]) -> None:
    due = what_is_due(listed, done, {uid: Retry(1, 10.0) for uid in left}, 0.0)
    assert sorted(due) == sorted(listed - left)


def test_a_renumbered_folder_is_looked_at_from_its_start() -> None:
    assert Position(7, 100).look_after(8) == 0


def test_the_same_folder_is_looked_at_from_where_we_were() -> None:
    assert Position(7, 100).look_after(7) == 100


def test_retries_come_ever_later_but_for_ever() -> None:
    retry: Retry | None = None
    waits = []
    for _ in range(2_000):
        retry = try_later(retry, 0.0)
        waits.append(retry.not_before)
    assert waits[:3] == [5.0, 10.0, 20.0]
    assert waits[-1] == RETRY_MOST_S


def test_the_nap_ends_when_the_next_retry_is_due() -> None:
    assert nap_seconds({1: Retry(1, 107.0)}, 100.0, 60.0) == 7.0


def test_the_nap_is_never_longer_than_allowed() -> None:
    assert nap_seconds({1: Retry(1, 900.0)}, 100.0, 60.0) == 60.0


def test_the_nap_of_an_overdue_retry_is_nothing() -> None:
    assert nap_seconds({1: Retry(1, 50.0)}, 100.0, 60.0) == 0.0
