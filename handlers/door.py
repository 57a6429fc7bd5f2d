"""Who may come in: a mail counts only from an allowed sender whom our own mail server has proved. Pure.

Authentication-Results are believed only under our own server's id, and of those only the topmost: a conforming
border server removes forged ones with its id and puts its own on top (RFC 8601, sections 5 and 7.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import authres

from schema.ids import Address
from schema.mail import Disposition, IncomingMail

LONGEST_VERDICT: Final = 4_000
"""Characters; a longer field is not read, because the parser is recursive and comments nest."""

ADDRESS_IN_NAME = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True)
class DoorDecision:
    """Whether a mail comes in, why in one sentence, and the facts the decision rests on.

    `disposition` is ACCEPTED, QUARANTINED, or IGNORED for mail that no person sent; only accepted mail is answered.
    """

    accepted: bool
    reason: str
    disposition: Disposition
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What our server found out, from its topmost Authentication-Results."""

    text: str
    results: tuple[tuple[str, str, Mapping[str, str]], ...]

    def proves(self, sender: Address) -> str | None:
        """By what the sender is proved: `auth`, `dmarc`, or None."""
        domain = sender.rpartition("@")[2]
        dmarc = [(result, properties) for method, result, properties in self.results if method == "dmarc"]
        if any(result != "pass" for result, _ in dmarc):
            return None
        if any(properties.get("header.from", "").lower() == domain for _, properties in dmarc):
            return "dmarc"
        for method, result, properties in self.results:
            if (method, result) == ("auth", "pass") and properties.get("smtp.auth", "").lower() == sender:
                return "auth"
        return None


def decide(
    mail: IncomingMail,
    *,
    forwarders: frozenset[Address],
    authserv_id: str,
    own_domain: str | None = None,
) -> DoorDecision:
    """Let a mail in, ignore it, or quarantine it; `own_domain` is the right side of our own Message-IDs."""
    evidence = {"sender": mail.sender or "", "message_id": mail.message_id or ""}
    if mail.automatic:
        return _ignored("A program sent it: a bounce, an automatic reply or a list.", evidence)
    if (
        own_domain
        and mail.message_id
        and mail.message_id.rstrip(">").lower().endswith(f"@{own_domain.lower()}")
    ):
        return _ignored("It is a mail of our own.", evidence)
    if mail.sender is None:
        return _refused("It does not name exactly one sender.", evidence)
    if shows_another(mail.sender_name, mail.sender):
        return _refused("The sender's name shows another address than the mail came from.", evidence)
    if mail.sender not in forwarders:
        return _refused("The sender is not on the list of forwarders.", evidence)
    verdict = topmost_verdict(mail.authentication_results, authserv_id)
    if verdict is None:
        return _refused(f"There is no verdict of {authserv_id} about the sender.", evidence)
    evidence["authentication_results"] = verdict.text
    proof = verdict.proves(mail.sender)
    if proof is None:
        return _refused("Our mail server could not prove the sender.", evidence)
    evidence["proved_by"] = proof
    return DoorDecision(True, "An allowed sender, proved by our mail server.", Disposition.ACCEPTED, evidence)


def topmost_verdict(fields: Sequence[str], authserv_id: str) -> Verdict | None:
    """Our server's own verdict, or None; a field of ours that cannot be read proves nothing."""
    for text in fields:
        claimed = _claimed_id(text)
        if claimed is None or claimed.lower() != authserv_id.lower():
            continue
        return Verdict(text, _results(text))
    return None


def shows_another(name: str, sender: Address) -> bool:
    """Whether a display name holds an address that is not the sender's."""
    return any(found.lower() != sender for found in ADDRESS_IN_NAME.findall(name))


def _claimed_id(text: str) -> str | None:
    """The id before the first semicolon; comments before it are skipped as RFC 8601 allows."""
    found = re.match(r"(?:\s|\([^()]*\))*\"?([^\s;()\"]+)", text)
    return found[1] if found else None


def _results(text: str) -> tuple[tuple[str, str, Mapping[str, str]], ...]:
    if len(text) > LONGEST_VERDICT:
        return ()
    try:
        parsed = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {text}")
    except (authres.AuthResError, RecursionError, ValueError, IndexError):
        return ()
    return tuple(
        (str(one.method).lower(), str(one.result).lower(), _properties(one)) for one in parsed.results
    )


def _properties(result: authres.AuthenticationResult) -> Mapping[str, str]:
    """`type.name` to value; a name given twice is worth nothing, for two readers could take either."""
    found: dict[str, str] = {}
    for one in result.properties:
        key = f"{one.type}.{one.name}".lower()
        found[key] = "" if key in found else str(one.value)
    return found


def _ignored(reason: str, evidence: Mapping[str, str]) -> DoorDecision:
    return DoorDecision(False, reason, Disposition.IGNORED, evidence)


def _refused(reason: str, evidence: Mapping[str, str]) -> DoorDecision:
    return DoorDecision(False, reason, Disposition.QUARANTINED, evidence)
