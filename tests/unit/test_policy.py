"""The owner's limits: read exactly, versioned by their bytes, refused with a sentence."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.check import rail_for
from schema.errors import SettingsError
from schema.money import Money
from schema.policy import Policy, load_policy
from schema.transfer import Rail

SHIPPED = Path("deploy/policy.toml")
POLICY = load_policy(SHIPPED)
LEAST = "[limits]\ntwo_people_above = { INR = 200000 }\nrefuse_above = { INR = 5000000 }\n"

WRONG = {
    "a sum in words": LEAST.replace("200000", '"a lakh"'),
    "a currency in words": LEAST.replace("INR", "Rupees"),
    "a limit nobody knows": LEAST + "two_poeple_above = 5\n",
    "a section nobody knows": LEAST + "[limit]\n",
    "a confidence above one": LEAST + "[reading]\nminimum_confidence = 70\n",
    "a time to answer of nothing": LEAST + "[approvals]\nexpire_after_minutes = 0\n",
    "no limits at all": "[approvals]\nremind_after_minutes = 60\n",
    "a version of its own": 'version = "mine"\n' + LEAST,
    "no TOML": "[limits\n",
    "an empty file": "",
}


def inr(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="INR")


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text)
    return path


def test_the_least_policy_is_enough(tmp_path: Path) -> None:
    assert load_policy(written(tmp_path, LEAST)).limits.two_people_above == {"INR": Decimal(200_000)}


@pytest.mark.parametrize("what", WRONG)
def test_a_policy_is_refused_with(tmp_path: Path, what: str) -> None:
    with pytest.raises(SettingsError, match=r"POLICY_FILE .*policy\.toml is not a valid policy"):
        load_policy(written(tmp_path, WRONG[what]))


def test_a_policy_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not a valid policy"):
        load_policy(path)


def test_a_policy_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_policy(tmp_path / "none.toml")


def test_the_version_changes_with_every_byte(tmp_path: Path) -> None:
    assert (
        load_policy(written(tmp_path, LEAST)).version != load_policy(written(tmp_path, LEAST + "\n")).version
    )


def test_the_version_is_the_same_for_the_same_bytes(tmp_path: Path) -> None:
    copy = tmp_path / "copy.toml"
    copy.write_bytes(SHIPPED.read_bytes())
    assert load_policy(copy).version == POLICY.version


def test_decimals_of_the_file_are_read_exactly(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, LEAST.replace("200000", "0.1")))
    assert policy.limits.two_people_above["INR"] == Decimal("0.1")


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal(10_000_000), places=2))
def test_two_people_are_needed_exactly_above_the_limit(amount: Decimal) -> None:
    assert POLICY.people_needed(Money(amount=amount, currency="INR")) == (2 if amount > 200_000 else 1)


def test_a_currency_without_a_limit_needs_two() -> None:
    assert POLICY.people_needed(Money(amount=Decimal("0.01"), currency="USD")) == 2


@pytest.mark.parametrize(
    ("total", "rail"),
    [
        (inr("199999.99"), Rail.NEFT),
        (inr("200000.00"), Rail.RTGS),
        (Money(amount=Decimal(1), currency="EUR"), Rail.SEPA),
    ],
)
def test_a_sum_travels_on_its_rail(total: Money, rail: Rail) -> None:
    assert rail_for(total, POLICY) is rail


def test_a_policy_cannot_be_changed_while_it_is_in_force() -> None:
    with pytest.raises(ValueError, match="frozen"):
        POLICY.limits.tolerance = Decimal(99)  # type: ignore[misc]


def test_the_shipped_policy_names_the_same_currencies_in_both_limits() -> None:
    assert set(POLICY.limits.two_people_above) == set(POLICY.limits.refuse_above)


def test_a_policy_says_what_it_is() -> None:
    assert isinstance(POLICY, Policy)
    assert len(POLICY.version) == 12
