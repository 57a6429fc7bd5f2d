"""How people prove who they are: mailed links, passkeys and codes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal

from schema.errors import ForgedError
from schema.history import NewHistory, Subject
from schema.ids import Sha256
from schema.people import (
    ChallengeId,
    Identity,
    Passkey,
    PasskeyId,
    PendingSignOn,
    Person,
    PersonId,
    SessionId,
)
from schema.queries import load
from schema.store.history import record
from schema.store.people import to_person
from schema.store.pool import Database, clean

SQL = load("sign_in")

FORGET_AFTER: Final = timedelta(days=1)
"""What has run out is kept for a day, so that a late visitor can be told apart in the logs, and then removed."""

Purpose = Literal["sign-in", "passkey", "step-up"]


class SignInStore:
    """Proofs of identity; every one of them works once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_link(
        self, person: PersonId, token_sha256: Sha256, *, at: datetime, until: datetime
    ) -> None:
        """A link that signs this person in, once, until then."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["forget_links"], at - FORGET_AFTER)
            await connection.execute(SQL["add_link"], token_sha256, person, at, until)

    async def use_link(self, token_sha256: Sha256, at: datetime) -> Person | None:
        """Whom a link signs in; None when it was used, is too old, or is none of ours."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["use_link"], token_sha256, at)
        return to_person(dict(row)) if row else None

    async def add_challenge(
        self, purpose: Purpose, session: SessionId | None, challenge: bytes, *, at: datetime, until: datetime
    ) -> ChallengeId:
        """A challenge for an authenticator to sign."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["forget_challenges"], at - FORGET_AFTER)
            identity = await connection.fetchval(SQL["add_challenge"], purpose, session, challenge, at, until)
        return ChallengeId(identity)

    async def take_challenge(
        self, challenge: ChallengeId, purpose: Purpose, session: SessionId | None, at: datetime
    ) -> bytes | None:
        """The challenge to compare an answer with; it is gone from then on."""
        async with self._database.transaction() as connection:
            found: bytes | None = await connection.fetchval(
                SQL["take_challenge"], challenge, purpose, session, at
            )
        return found

    async def add_passkey(
        self,
        person: Person,
        name: str,
        *,
        credential_id: bytes,
        public_key: bytes,
        sign_count: int,
        at: datetime,
    ) -> Passkey:
        """A new passkey of a person; ConflictError when the credential is known already."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(
                SQL["add_passkey"], person.id, clean(name), credential_id, public_key, sign_count, at
            )
            await record(connection, _told(person, "passkey added", name, at))
        assert row is not None
        return _to_passkey(dict(row))

    async def passkeys_of(self, person: PersonId) -> tuple[Passkey, ...]:
        """All passkeys of a person, the oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["passkeys_of"], person)
        return tuple(_to_passkey(dict(row)) for row in rows)

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        """The passkey with this credential, of a person who may come in."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["passkey"], credential_id)
        return _to_passkey(dict(row)) if row and row["active"] else None

    async def use_passkey(self, passkey: PasskeyId, sign_count: int, at: datetime) -> bool:
        """Keep the counter of a use; False when it went backwards, as that of a copy does."""
        async with self._database.transaction() as connection:
            return await connection.fetchval(SQL["use_passkey"], passkey, sign_count, at) is not None

    async def remove_passkey(self, passkey: PasskeyId, person: Person, at: datetime) -> bool:
        """Forget a passkey of this person; False when they have none such."""
        async with self._database.transaction() as connection:
            name = await connection.fetchval(SQL["remove_passkey"], passkey, person.id)
            if name is None:
                return False
            await record(connection, _told(person, "passkey removed", name, at))
        return True

    async def put_code(self, session: SessionId, tag: str, *, at: datetime, until: datetime) -> None:
        """The code that is mailed to a session now; the one before is void."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["put_code"], session, tag, at, until)

    async def guess_code(self, session: SessionId, tag: str, at: datetime) -> bool:
        """Whether this is the session's code; it works once, and every guess counts."""
        async with self._database.transaction() as connection:
            known = await connection.fetchval(SQL["guess_code"], session, at)
        # The guess is on record before it is judged: whoever guesses many at once has five of them all the same.
        if known is None or known != tag:
            return False
        async with self._database.transaction() as connection:
            return await connection.fetchval(SQL["drop_code"], session, tag) is not None

    async def begin_sign_on(
        self,
        pending: PendingSignOn,
        *,
        state_sha256: Sha256,
        browser_sha256: Sha256,
        at: datetime,
        until: datetime,
    ) -> None:
        """Keep what the provider's answer will be held against, for the browser that began and until then."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["forget_sign_ons"], at - FORGET_AFTER)
            await connection.execute(
                SQL["add_sign_on"],
                *(state_sha256, browser_sha256, pending.nonce, pending.verifier),
                *(pending.redirect_uri, pending.next_path, at, until),
            )

    async def take_sign_on(
        self, state_sha256: Sha256, browser_sha256: Sha256, at: datetime
    ) -> PendingSignOn | None:
        """What was begun in this browser, once; None when it was taken, is too old, or began elsewhere."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["take_sign_on"], state_sha256, browser_sha256, at)
        return PendingSignOn(**dict(row)) if row else None

    async def person_behind(self, identity: Identity, at: datetime) -> Person:
        """The person with this address, bound to this subject from their first sign-in on.

        ForgedError, with a sentence for the person themselves, when nobody active has the address, or when the
        person or the subject is bound to another one.
        """
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["person_to_sign_on"], identity.address.lower())
            if row is None:
                raise ForgedError(f"Nobody here has the address {identity.address}; ask an admin to add you.")
            person = to_person(dict(row))
            bound = await connection.fetch(
                SQL["identities_like"], identity.issuer, identity.subject, person.id
            )
            if any((each["subject"], each["person_id"]) != (identity.subject, person.id) for each in bound):
                raise ForgedError(
                    f"{identity.address} belongs to another account of the provider than before; ask an admin."
                )
            if not bound:
                await connection.execute(
                    SQL["bind_identity"], identity.issuer, identity.subject, person.id, at
                )
                note = f"{identity.issuer} {identity.subject}"
                await record(connection, _told(person, "account bound", note, at))
        return person


def _to_passkey(row: dict[str, Any]) -> Passkey:
    return Passkey(**{name: row[name] for name in Passkey.model_fields})


def _told(person: Person, what: str, note: str, at: datetime) -> NewHistory:
    return NewHistory(
        at=at, who=person.address, subject=Subject.PERSON, subject_id=str(person.id), what=what, note=note
    )
