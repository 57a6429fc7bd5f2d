"""Signs webhooks as Twilio does: HMAC over the public URL and the sorted form, base64. Pure.

Source: twilio.com/docs/usage/webhooks/webhooks-security and connection-overrides.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

HEADER: Final = "X-Twilio-Signature"
MOST_RETRIES: Final = 5
DEFAULT_TIMEOUT_S: Final = 15.0
SHORTEST_TIMEOUT_MS: Final = 100


def sign_form(url: str, form: Iterable[tuple[str, str]], secret: str) -> str:
    """The signature of a form POST; `url` without its fragment, values as they were before URL-encoding.

    1. Keys are sorted by code point; a repeated key gives each of its distinct values, sorted.
    2. Key and value follow the URL without any separator; blank values count.
    """
    text = url + "".join(key + value for key, value in sorted(set(form)))
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def url_with_body_hash(url: str, body: bytes) -> str:
    """The URL Twilio requests when it posts JSON: the body's SHA-256 rides in the query."""
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, f"bodySHA256={hashlib.sha256(body).hexdigest()}"]))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


@dataclass(frozen=True)
class WebhookTarget:
    """Where a webhook goes and how stubbornly; `url` is what is requested and signed."""

    url: str
    retries: int
    policy: frozenset[str]
    timeout_s: float


def webhook_target(url: str) -> WebhookTarget:
    """Read the connection overrides in the fragment: `#rc=3&rp=all&rt=5000`; without, one connect retry."""
    bare, _, fragment = url.partition("#")
    overrides = {key: values[-1] for key, values in parse_qs(fragment).items()}
    read_ms = max(SHORTEST_TIMEOUT_MS, int(overrides.get("rt", DEFAULT_TIMEOUT_S * 1000)))
    return WebhookTarget(
        url=bare,
        retries=min(MOST_RETRIES, max(0, int(overrides.get("rc", "1")))),
        policy=frozenset(overrides.get("rp", "ct").split(",")),
        timeout_s=min(DEFAULT_TIMEOUT_S, read_ms / 1000),
    )
