"""Who may come into the mock bank, over a real socket: log-in, sessions, form tokens, headers."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.mockbank_portal import FORM, Portal, alert, open_portal


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with open_portal(tmp_path) as opened:
        yield opened


def test_a_wrong_password_is_refused_and_the_fifth_locks(portal: Portal) -> None:
    visitor = portal.visitor()
    answers = [visitor.log_in(password="guess") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 423]
    assert alert(answers[0].text) == "Customer ID or password is wrong."
    assert visitor.log_in().status_code == 423
    portal.clock.now += timedelta(minutes=15)
    assert visitor.log_in().status_code == 303


def test_an_unknown_customer_is_refused_alike(portal: Portal) -> None:
    answer = portal.visitor().log_in(customer_id="SOMEONE")
    assert (answer.status_code, alert(answer.text)) == (401, "Customer ID or password is wrong.")


def test_an_idle_session_ends(portal: Portal) -> None:
    bank = portal.customer()
    draft = bank.draft()
    portal.clock.now += timedelta(minutes=9, seconds=59)
    assert bank.get("/").status_code == 200
    portal.clock.now += timedelta(minutes=10)
    answer = bank.get(draft)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?expired=1")
    assert "Your session has ended" in bank.get("/login", expired="1").text


def test_logging_out_ends_the_session_on_the_server(portal: Portal) -> None:
    bank = portal.customer()
    token = bank.http.cookies["simbank_session"]
    assert bank.send("/", "/logout").headers["location"] == "/login"
    thief = portal.visitor()
    thief.http.cookies.set("simbank_session", token)
    assert thief.get("/").headers["location"] == "/login?expired=1"


@pytest.mark.parametrize(
    "path", ["/", "/transfer", "/statement", "/beneficiaries", "/receipt/1", "/transfer/0123/confirm"]
)
def test_nothing_is_shown_without_a_log_in(portal: Portal, path: str) -> None:
    answer = portal.visitor().get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


@pytest.mark.parametrize(
    "path", ["/transfer", "/beneficiaries", "/logout", "/transfer/0123/confirm", "/transfer/0123/cancel"]
)
def test_a_form_without_the_sessions_token_is_refused(portal: Portal, path: str) -> None:
    bank = portal.customer()
    assert bank.http.post(path, data=FORM).status_code == 403
    assert bank.http.post(path, data=FORM | {"csrf_token": "0" * 64}).status_code == 403


def test_a_login_form_of_another_browser_is_refused(portal: Portal) -> None:
    token = re.search(r'value="([0-9a-f]{64})"', portal.visitor().get("/login").text)
    assert token is not None
    stranger = portal.visitor()
    stranger.get("/login")
    fields = {"csrf_token": token[1], "customer_id": "LLB10482", "password": "simulated-password"}
    assert stranger.http.post("/login", data=fields).status_code == 403


def test_a_form_too_big_or_of_unknown_length_is_refused(portal: Portal) -> None:
    bank = portal.customer()
    assert bank.http.post("/transfer", data={"remark": "x" * 70_000}).status_code == 413
    assert bank.http.post("/transfer", content=iter([b"remark=x"])).status_code == 411


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(portal: Portal) -> None:
    visitor = portal.visitor()
    for answer in (visitor.get("/login"), visitor.log_in()):
        cookie = answer.headers.get_list("set-cookie")[0].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie


def test_every_page_says_simulated_and_is_guarded(portal: Portal) -> None:
    bank = portal.customer()
    draft = bank.draft()
    pages = [
        bank.get("/login"),
        bank.confirm(draft, bank.wrong_code()),
        bank.fill(amount="x"),
        bank.http.post("/transfer"),
    ]
    bank.confirm(draft)
    paths = (
        "/",
        "/transfer",
        "/statement",
        "/beneficiaries",
        "/receipt/1",
        "/receipt/2",
        "/receipt/x",
        "/nowhere",
    )
    pages += [bank.get(path) for path in paths] + [bank.http.delete("/")]
    for page in pages:
        assert "<strong>SIMULATED</strong>" in page.text, page.url
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_what_a_customer_types_is_never_markup(portal: Portal) -> None:
    page = portal.customer().fill(beneficiary_name='"><script>alert(1)</script>', amount="x").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_style_sheet_and_the_mark_are_served(portal: Portal) -> None:
    visitor = portal.visitor()
    assert visitor.get("/static/bank.css").headers["content-type"].startswith("text/css")
    assert visitor.get("/static/mark.svg").headers["content-type"] == "image/svg+xml"
    assert visitor.get("/static/ledger.sql").status_code == 404
