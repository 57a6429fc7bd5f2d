"""How a reply of OpenRouter is read: what is accepted, what may be tried again, what may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daemon.openrouter import (
    AnswerCutError,
    Completion,
    error_of,
    key_problems,
    model_problems,
    read_completion,
    request_body,
)
from schema.errors import CountersignError, PermanentError, TransientError
from schema.masking import MaskedInvoice

ALLOWED = ("x-ai/grok-4.1-fast*", "x-ai/grok-4.3*")
MESSAGE = {"role": "assistant", "content": "{}", "refusal": None}
CHOICE: dict[str, Any] = {"index": 0, "finish_reason": "stop", "message": MESSAGE}
REPLY: dict[str, Any] = {
    "id": "gen-1",
    "model": "x-ai/grok-4.3",
    "provider": "xAI",
    "choices": [CHOICE],
    "usage": {"cost": 0.00120},
}
INVOICE = MaskedInvoice(
    vendor_name="आशा ट्रेडर्स",
    po_id=None,
    amount="1.00",
    currency="INR",
    issue_date=None,
    due_date=None,
    account_last4=None,
    tax_id=None,
    excerpt="",
)


def read(**members: Any) -> Completion:
    return read_completion(json.dumps(REPLY | members).encode(), ALLOWED)


def with_choice(**members: Any) -> list[dict[str, Any]]:
    return [CHOICE | members]


def test_a_padded_reply_is_read() -> None:
    body = b"\n         \n\n         \n" + json.dumps(REPLY).encode()
    assert read_completion(body, ALLOWED) == Completion("{}", "x-ai/grok-4.3", "xAI", "0.0012")


def test_the_price_keeps_the_providers_digits() -> None:
    body = json.dumps(REPLY).encode().replace(b"0.0012", b"0.00120000")
    assert read_completion(body, ALLOWED).cost_usd == "0.00120000"


@pytest.mark.parametrize("usage", [None, {}, {"cost": None}, [], {"cost": "free"}])
def test_a_reply_without_a_price_is_read(usage: Any) -> None:
    assert read(usage=usage).cost_usd is None


def test_a_reply_without_a_provider_says_unknown() -> None:
    assert read(provider=None).provider == "unknown"


@pytest.mark.parametrize("model", ["acme/parrot-1", "x-ai/grok-2", "evil/x-ai/grok-4.3", "X-AI/GROK-4.3"])
def test_a_model_that_is_not_on_the_list_is_named_and_refused(model: str) -> None:
    with pytest.raises(PermanentError, match=model):
        read(model=model)


@pytest.mark.parametrize("model", [None, 7, ""])
def test_a_reply_without_a_model_is_refused(model: Any) -> None:
    with pytest.raises(PermanentError, match="allow-list"):
        read(model=model)


@pytest.mark.parametrize("choices", [None, [], [CHOICE, CHOICE], {"0": CHOICE}, ["text"]])
def test_anything_but_one_choice_is_refused(choices: Any) -> None:
    with pytest.raises(PermanentError, match="exactly one choice"):
        read(choices=choices)


@pytest.mark.parametrize("reason", [None, "tool_calls", "STOP", 7])
def test_an_answer_that_did_not_end_by_itself_is_refused(reason: Any) -> None:
    with pytest.raises(PermanentError, match="did not finish"):
        read(choices=with_choice(finish_reason=reason))


@pytest.mark.parametrize("content", [None, "", "  \n", 7, [{"type": "text"}]])
def test_an_answer_without_text_is_refused(content: Any) -> None:
    with pytest.raises(PermanentError, match="did not finish"):
        read(choices=with_choice(message=MESSAGE | {"content": content}))


def test_a_refusal_is_permanent() -> None:
    with pytest.raises(PermanentError, match="refused to answer"):
        read(choices=with_choice(message=MESSAGE | {"refusal": "No."}))


def test_an_answer_cut_at_its_budget_is_told_apart() -> None:
    with pytest.raises(AnswerCutError):
        read(choices=with_choice(finish_reason="length"))


def test_an_error_under_status_200_is_an_error() -> None:
    with pytest.raises(TransientError, match="Provider returned error"):
        read(error={"code": 502, "message": "Provider returned error"})


def test_an_error_inside_the_choice_is_an_error() -> None:
    error = {"code": 429, "message": "Slow down", "availability": {"retry_after": 12.5}}
    with pytest.raises(TransientError, match="Slow down") as raised:
        read(choices=with_choice(finish_reason="error", error=error))
    assert raised.value.retry_after_s == 12.5


def test_a_choice_that_ended_in_error_without_a_word_may_be_tried_again() -> None:
    with pytest.raises(TransientError):
        read(choices=with_choice(finish_reason="error"))


@pytest.mark.parametrize(
    "body", [b"", b"   \n", b'{"id": "gen-1", "mod', b"<html>", b"[]", b"\xff\xfe", b'{"a":1,"a":2}']
)
def test_a_body_that_is_not_whole_json_may_be_tried_again(body: bytes) -> None:
    with pytest.raises(TransientError):
        read_completion(body, ALLOWED)


def failed(status: int, error: dict[str, Any] | None = None, **headers: str) -> CountersignError:
    body = json.dumps({"error": error}).encode() if error is not None else b"<html>Bad Gateway</html>"
    return error_of(status, headers, body)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 301, 418])
def test_a_status_that_cannot_get_better_is_permanent(status: int) -> None:
    assert isinstance(failed(status, {"code": status, "message": "No."}), PermanentError)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 520, 524, 529])
def test_a_status_that_may_get_better_is_transient(status: int) -> None:
    assert isinstance(failed(status), TransientError)


def test_the_key_is_named_when_it_is_refused() -> None:
    assert "OPENROUTER_API_KEY" in failed(401, {"code": 401, "message": "User not found."}).sentence


def test_the_providers_word_about_retrying_goes_first() -> None:
    assert isinstance(failed(404, {"code": 404, "availability": {"retryable": True}}), TransientError)
    assert isinstance(failed(503, {"code": 503, "availability": {"retryable": False}}), PermanentError)


def test_the_newer_error_shape_is_read() -> None:
    assert isinstance(failed(200, {"http_status": 402, "error_type": "payment_required"}), PermanentError)


@pytest.mark.parametrize(
    ("header", "pause"),
    [("7", 7.0), ("1.5", 1.5), ("86400", 3600.0), ("soon", None), ("-1", None), ("nan", None)],
)
def test_the_pause_asked_for_is_kept_within_an_hour(header: str, pause: float | None) -> None:
    error = error_of(429, {"retry-after": header}, b"{}")
    assert isinstance(error, TransientError)
    assert error.retry_after_s == pause


def test_an_error_text_that_echoes_an_account_is_masked() -> None:
    assert "502100123456" not in failed(400, {"code": 400, "message": "bad input 502100123456"}).sentence


@pytest.mark.parametrize(
    "body", [b'{"error": "text"}', b'{"error": []}', b"[1]", b"null", b'{"error": {"code": "x"}}']
)
def test_an_error_of_any_shape_is_judged_by_its_status(body: bytes) -> None:
    assert isinstance(error_of(401, {}, body), PermanentError)


def test_equal_questions_have_equal_bytes() -> None:
    bodies = {request_body("m", "system", INVOICE.model_copy(), max_tokens=100) for _ in range(3)}
    assert len(bodies) == 1


def test_the_request_says_what_the_contract_needs() -> None:
    request = json.loads(request_body("m", "system", INVOICE, max_tokens=100))
    assert request["provider"] == {
        "allow_fallbacks": False, "data_collection": "deny", "require_parameters": True, "zdr": True
    }  # fmt: skip
    assert request["reasoning"]["exclude"] is True
    assert (request["temperature"], request["stream"], request["max_completion_tokens"]) == (0, False, 100)
    assert request["response_format"]["json_schema"]["strict"] is True


def test_the_facts_go_as_one_json_object_in_the_users_turn() -> None:
    system, user = json.loads(request_body("m", "the prompt", INVOICE, max_tokens=100))["messages"]
    assert system == {"role": "system", "content": "the prompt"}
    assert MaskedInvoice.model_validate_json(user["content"]) == INVOICE


def test_a_key_without_credit_is_a_problem() -> None:
    assert "credit" in key_problems({"limit_remaining": 0})[0]


@pytest.mark.parametrize("key", [{"limit_remaining": None}, {"limit_remaining": 3.5}, {}])
def test_a_key_with_credit_is_none(key: dict[str, Any]) -> None:
    assert key_problems(key) == []


@pytest.mark.parametrize("models", [None, [], [{"id": "other"}], ["text"]])
def test_a_model_that_is_not_listed_is_a_problem(models: Any) -> None:
    assert "no longer lists" in model_problems(models, "x-ai/grok-4.1-fast")[0]


def test_a_model_without_strict_answers_is_a_problem() -> None:
    listed = [{"id": "m", "supported_parameters": ["response_format"]}]
    assert model_problems(listed, "m") == [
        "The model m does not support structured_outputs; choose another GROQ_MODEL."
    ]
