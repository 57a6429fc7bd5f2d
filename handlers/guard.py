"""The last guard on outbound text: it refuses whatever holds an account number we know."""

from __future__ import annotations

from dataclasses import dataclass, field

from schema.errors import LeakError
from schema.store import Store
from schema.vault import Vault


@dataclass
class LeakGuard:
    """Knows every account by its keyed print only, so it can find a number without being able to say it.

    `refresh` is called before each step, so that the account on the very document at hand is known.
    """

    vault: Vault
    prints: frozenset[str] = field(default_factory=frozenset)

    async def refresh(self, store: Store) -> None:
        """Learn the accounts of all vendors and of all documents read so far."""
        self.prints = await store.master.account_prints()

    def text(self, text: str) -> None:
        """Check outbound text; LeakError when it holds an account we know."""
        if self.vault.finds(text, self.prints):
            raise LeakError

    def body(self, body: bytes) -> int:
        """Check the exact bytes of an outbound request (UTF-8); returns how many accounts they were checked against."""
        self.text(body.decode("utf-8", "replace"))
        return len(self.prints)
