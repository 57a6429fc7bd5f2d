"""Trouble on demand: the last two digits of an amount choose how a payment goes wrong.

Only the bank knows this table; a client that pays such an amount meets the trouble as it would meet a real one.
"""

from enum import StrEnum

from mockbank.money import MINOR_PER_MAJOR


class Fault(StrEnum):
    """What happens to a payment whose amount is magic."""

    DROPPED = "booked, but the connection is dropped before the answer"
    SLOW = "booked, but the answer takes 8 seconds"
    MAINTENANCE = "nothing booked, the confirm step answers HTTP 503"
    TAMPERED = "the confirm page shows another last digit of the account than was entered"


FAULTS: dict[int, Fault] = {
    13: Fault.DROPPED,
    17: Fault.SLOW,
    19: Fault.MAINTENANCE,
    23: Fault.TAMPERED,
}
"""Paise or cents of the amount, and the trouble they choose."""


def fault_of(amount_minor: int) -> Fault | None:
    """The trouble an amount chooses, None for nearly all amounts."""
    return FAULTS.get(amount_minor % MINOR_PER_MAJOR)


def tampered(account_number: str) -> str:
    """The account number with its last digit raised by one, nine becoming zero."""
    position = max(index for index, character in enumerate(account_number) if character.isdigit())
    raised = str((int(account_number[position]) + 1) % 10)
    return account_number[:position] + raised + account_number[position + 1 :]
