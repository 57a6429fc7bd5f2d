"""Our errors, branched by what the caller does next: try again, hold for a person, give way, or refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class CountersignError(Exception):
    """Something went wrong; the class docstring is the message when none is given."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])

    @property
    def sentence(self) -> str:
        """What to tell a person, in one sentence."""
        return str(self)


class TransientError(CountersignError):
    """An outside service could not answer now; the same call may go through later."""

    def __init__(self, message: str | None = None, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PausedError(TransientError):
    """Payments are paused by an operator; waiting costs the invoice nothing."""


class OutcomeUnknownError(TransientError):
    """The request was sent and no answer came, so only the other side knows whether it took effect."""


class PermanentError(CountersignError):
    """Trying again cannot help; a person must look."""


class ConflictError(CountersignError):
    """Someone else was first; stop quietly."""


class StaleError(ConflictError):
    """Someone else changed this meanwhile; look at it again."""

    def __init__(self, version: int | None) -> None:
        super().__init__()
        self.version = version


class ForgedError(CountersignError):
    """A signature, token or sender does not prove what it claims."""


class SettingsError(CountersignError):
    """A setting is missing or contradicts another."""


class LeakError(PermanentError):
    """Outbound bytes held a full account number, so they were not sent."""


class ActionsRefusedError(PermanentError):
    """The model's action list was refused."""


class TermsChangedError(PermanentError):
    """The bank's confirm page does not show the terms that were approved, so nothing was submitted."""


UNREADABLE: Final[Mapping[str, str]] = {
    "empty": "The attachment is empty.",
    "encrypted": "The attachment is password-protected; send it again without a password.",
    "corrupt": "The attachment is damaged and could not be opened; send it again.",
    "unsupported_type": "The attachment is not a PDF, JPG, PNG, TIFF or e-invoice XML.",
    "too_many_pixels": "The picture is too large to read; send it at a lower resolution.",
    "too_many_pages": "The document has too many pages; send only the invoice.",
    "too_large": "The attachment is too large; send a smaller file.",
    "no_pages": "The document has no pages.",
    "memory": "Reading the document needed more memory than is allowed.",
    "timeout": "Reading the document took longer than is allowed.",
    "crashed": "The document made the reader fail; send it in another form.",
    "no_text": "No text could be found in the document.",
}


class UnreadableDocumentError(PermanentError):
    """The document could not be read; `code` is a key of UNREADABLE."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(UNREADABLE[code])
        self.code = code
        self.detail = detail
