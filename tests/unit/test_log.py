"""No secret comes out of the log, whatever way a value goes into it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.redaction import HIDDEN, Redaction
from tests.unit.test_house_rules import ROOT

ACCOUNT = "50200012345678"
IBAN = "DE89370400440532013000"
OTP = "314159"
KEY = "sk-or-v1-0f3a9c77b1d24e5580aa"
MASTER = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="
PASSWORD = "hunter2-correct-horse"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SECRETS = (ACCOUNT, "5020 0012 3456 78", IBAN, OTP, KEY, MASTER, PASSWORD, TOTP)

WAYS = f'''
import asyncio, logging, sys, threading, warnings
import structlog
from daemon.log import set_up_logging
set_up_logging("DEBUG", process="test", secrets=["{PASSWORD}"])
log, theirs = structlog.get_logger(), logging.getLogger("some.library")
hostile = {SECRETS!r}
class Odd:
    def __init__(self, said): self.said = said
    def __repr__(self): return "<Odd " + self.said + ">"
class Broken:
    def __repr__(self): raise ValueError("{PASSWORD}")
for each in hostile:
    log.info(each); log.warning("said", value=each); log.info("said", value=[each, {{"deep": (each,)}}, Odd(each)])
    log.info("said", value=each.encode(), other={{each: 1}}, broken=Broken())
    log.info("said", **{{"n " + each: 1}})
    with structlog.contextvars.bound_contextvars(bound=each): log.info("bound")
    log.bind(kept=each).error("kept")
    theirs.warning("said %s", each); theirs.error("%(a)s", {{"a": each}}); theirs.info(each)
    theirs.warning("said", extra={{"member": each}})
    theirs.warning("said", stack_info=True)
    theirs.warning("%d of them", each)
    theirs.error("%s %s", each)
    warnings.warn(each)
    logging.getLogger("asyncio").error("task " + each)
    try: raise RuntimeError("no " + each)
    except RuntimeError as error:
        log.exception("failed"); theirs.exception("failed"); log.warning("failed", error=error)
        log.info("x", exc_info=True)
        try: raise ValueError("second " + each) from error
        except ValueError: log.exception("chained"); theirs.error("chained", exc_info=True)
    thread = threading.Thread(target=lambda: int(each + " x")); thread.start(); thread.join()
    async def late():
        task = asyncio.ensure_future(failing()); await asyncio.sleep(0); del task
    async def failing(): raise RuntimeError("never awaited " + each)
    asyncio.run(late())
log.info("sent", authorization="Bearer abcdefgh12345", headers={{"Authorization": "Basic dXNlcjpwYXNz"}})
log.info("sent", number=50200012345678, otp=314159, line='{{"otp": 314159, "api_key": "x9"}}')
log.info("connected to postgresql://countersign:open-sesame@db/countersign")
log.info("got", path="/audit/abcdefghijklmnop.qrstuvwxyz")
log.info("end of the test", trace="12345678901234567890123456789012", digest="1" * 64, size_bytes=123456)
raise SystemError("nobody catches {ACCOUNT} {PASSWORD}")
'''


@pytest.fixture(scope="module")
def said() -> str:
    """Everything a process says that logs hostile values in every way, and dies of one."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", WAYS], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert "end of the test" in done.stderr, done.stderr[-2000:]
    assert done.returncode == 1
    return done.stdout + done.stderr


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_comes_out_of_no_way_into_the_log(secret: str, said: str) -> None:
    lines = [line for line in said.splitlines() if secret in line]
    assert lines == []


@pytest.mark.parametrize("secret", ["abcdefgh12345", "dXNlcjpwYXNz", "open-sesame", "qrstuvwxyz", "x9"])
def test_a_credential_is_known_by_where_it_stands(secret: str, said: str) -> None:
    assert secret not in said


def test_every_line_is_json_and_what_nobody_caught_is_one(said: str) -> None:
    lines = [json.loads(line) for line in said.splitlines()]
    assert lines[-1]["event"] == "ended by an exception"
    assert len({line["event"] for line in lines}) > 10


def test_what_is_ours_stays_readable(said: str) -> None:
    line = next(line for line in said.splitlines() if "end of the test" in line)
    assert '"trace": "12345678901234567890123456789012"' in line
    assert "1" * 64 in line
    assert '"size_bytes": 123456' in line


@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_secret_of_the_settings_is_hidden_in_any_text(before: str, after: str) -> None:
    assert PASSWORD not in Redaction([PASSWORD]).text(f"{before}{PASSWORD}{after}")


def test_a_secret_is_hidden_in_the_forms_it_travels_in() -> None:
    redact = Redaction(["pass word/with+signs"])
    assert redact.text("a pass%20word%2Fwith%2Bsigns b") == f"a {HIDDEN} b"
    assert redact.text("a cGFzcyB3b3JkL3dpdGgrc2lnbnM= b") == f"a {HIDDEN}= b"
