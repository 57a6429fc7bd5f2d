"""What the audit page says of the sealed log."""

from daemon.web.audit_view import render_audit
from schema.audit_case import CheckpointCard
from tests.unit.audit_cases import at, digest, paid_case

KEY = "countersign.pay.example/record+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_the_page_shows_the_checkpoint_and_the_places_of_the_entries() -> None:
    case = paid_case()
    sealed = tuple(entry.model_copy(update={"position": 7000 + entry.seq}) for entry in case.timeline[:-1])
    card = CheckpointCard(size=7200, root_hash=digest("a"), at=at(30), key=KEY)
    page = render_audit(
        case.model_copy(update={"timeline": (*sealed, case.timeline[-1]), "checkpoint": card})
    )
    assert all(f"position {entry.position} of the log" in page for entry in sealed)
    assert page.count("not sealed yet") == 1
    assert "The log had 7200 entries" in page
    assert card.root_hash in page
    assert KEY in page


def test_a_page_without_a_checkpoint_claims_none() -> None:
    page = render_audit(paid_case())
    assert "Signed checkpoint" not in page
    assert page.count("not sealed yet") == len(paid_case().timeline)
