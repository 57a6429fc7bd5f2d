"""What the Twilio stand-in remembers: settings, messages, templates, phones. In memory, nothing else."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from sandbox.clock import SimClock

MEMBERSHIP: Final = timedelta(days=3)
"""How long joining the WhatsApp sandbox lasts."""

WINDOW: Final = timedelta(hours=24)
"""How long after a person's last message free-form messages may be sent to them."""

Number = Annotated[str, Field(pattern=r"^\+[0-9]{8,15}$")]


class TwilioSettings(BaseModel):
    """How the stand-in is set up.

    `inbound_url` is what one enters in Twilio's console: public, perhaps with `#rc=3&rp=all`. Requests to
    `public_base` (webhooks and media) go to `actual_base`; signatures stay over the public URL.
    `joined` are the phones that have joined the sandbox at the start, `names` their owners' profile names.
    `pace_s` is the pause between two messages; the real sandbox takes 3 seconds. `read_at_once` reports
    every delivered message as read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_sid: Annotated[str, Field(pattern=r"^AC[0-9a-f]{32}$")]
    auth_token: Annotated[str, Field(min_length=16)]
    sender: Number = "+14155238886"
    inbound_url: str
    public_base: str
    actual_base: str
    joined: tuple[Number, ...] = ()
    names: dict[Number, str] = {}
    join_code: str = "join quiet-river"
    seed: str = "countersign"
    pace_s: Annotated[float, Field(ge=0)] = 0.0
    read_at_once: bool = True


@dataclass
class Media:
    """A picture that Twilio fetched and keeps, or that a phone sent."""

    sid: str
    content_type: str
    data: bytes


@dataclass(frozen=True)
class Button:
    """A quick-reply button as the phone shows it; `id` comes back as ButtonPayload."""

    title: str
    id: str


@dataclass
class WhatsAppMessage:
    """One message in either direction; `inbound` is seen from Twilio: from a phone to the sender."""

    sid: str
    phone: str
    inbound: bool
    body: str
    created: datetime
    status: str
    kind: str = "text"
    media_urls: tuple[str, ...] = ()
    media: list[Media] = field(default_factory=list)
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    content_sid: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    status_callback: str | None = None
    sent: datetime | None = None
    updated: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None
    tapped: str | None = None
    reply_to: str | None = None
    statuses: list[str] = field(default_factory=list)

    @property
    def shown(self) -> bool:
        """Whether it lies in the phone's chat."""
        return self.inbound or self.status in {"sent", "delivered", "read"}


@dataclass
class Template:
    """A Content resource (HX...); `approval` is WhatsApp's verdict on it."""

    sid: str
    friendly_name: str
    language: str
    variables: dict[str, str]
    types: dict[str, dict[str, Any]]
    created: datetime
    approval: dict[str, Any] | None = None


@dataclass
class Phone:
    """An approver's phone."""

    number: str
    name: str
    joined: datetime | None = None
    last_inbound: datetime | None = None

    @property
    def external_id(self) -> str:
        """The business-scoped user id, stable when the number is hidden."""
        return "ID." + str(int(hashlib.sha256(self.number.encode()).hexdigest(), 16))[:16]


class TwilioState:
    """All of the stand-in's memory; `version` grows with every change that a phone page should show."""

    def __init__(self, settings: TwilioSettings, clock: SimClock) -> None:
        self.settings, self.clock = settings, clock
        self.reset()

    def reset(self) -> None:
        """Forget everything; the configured phones have just joined."""
        self._numbers = itertools.count(1)
        self.version = 0
        self.messages: dict[str, WhatsAppMessage] = {}
        self.templates: dict[str, Template] = {}
        self.media: dict[str, Media] = {}
        self.phones: dict[str, Phone] = {}
        for number in self.settings.joined:
            self.join(number)

    def changed(self) -> None:
        """Let the phone pages know."""
        self.version += 1

    def new_sid(self, prefix: str) -> str:
        """The next id: deterministic for one seed, 32 hex digits after the prefix."""
        text = f"{self.settings.seed}:{prefix}:{next(self._numbers)}"
        return prefix + hashlib.sha256(text.encode()).hexdigest()[:32]

    def phone(self, number: str) -> Phone:
        """The phone with this number; one that was never seen has not joined."""
        if number not in self.phones:
            self.phones[number] = Phone(number, self.settings.names.get(number, number))
        return self.phones[number]

    def join(self, number: str) -> None:
        """Join the sandbox, which also opens the window."""
        phone = self.phone(number)
        phone.joined = phone.last_inbound = self.clock.now()
        self.changed()

    def is_joined(self, number: str) -> bool:
        """Whether the phone joined within the last three days."""
        joined = self.phone(number).joined
        return joined is not None and self.clock.now() - joined < MEMBERSHIP

    def window_open(self, number: str) -> bool:
        """Whether the phone wrote within the last 24 hours."""
        last = self.phone(number).last_inbound
        return last is not None and self.clock.now() - last < WINDOW

    def keep(self, message: WhatsAppMessage) -> WhatsAppMessage:
        """Store a message."""
        self.messages[message.sid] = message
        self.changed()
        return message

    def keep_media(self, content_type: str, data: bytes) -> Media:
        """Store a picture."""
        media = Media(self.new_sid("ME"), content_type, data)
        self.media[media.sid] = media
        return media

    def chat(self, number: str) -> list[WhatsAppMessage]:
        """What the phone shows, oldest first."""
        return [m for m in self.messages.values() if m.phone == number and m.shown]
