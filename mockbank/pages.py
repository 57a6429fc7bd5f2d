"""Pages: templates and style sheet from inside the package, and the headers every answer carries."""

from collections.abc import Mapping
from datetime import date, datetime
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from mockbank import ifsc, money

SAFETY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

STATIC_TYPES = {"bank.css": "text/css; charset=utf-8", "mark.svg": "image/svg+xml"}


class Pages:
    """The bank's templates, ready to be filled."""

    def __init__(self) -> None:
        """Set the templates up; they are read from the package when first used."""
        self._environment = Environment(
            loader=FunctionLoader(_template), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )
        self._environment.filters.update(
            plain=money.plain, grouped=money.grouped, masked=ifsc.masked, day=_day, moment=_moment
        )

    def page(
        self,
        name: str,
        *,
        status: int = 200,
        form_token: str | None = None,
        headers: Mapping[str, str] | None = None,
        **facts: object,
    ) -> HTMLResponse:
        """Fill a template; `form_token` is None for pages without a session, which have no menu either."""
        text = self._environment.get_template(name).render(form_token=form_token, **facts)
        return HTMLResponse(text, status, headers={**SAFETY_HEADERS, **(headers or {})})


def moved(address: str) -> RedirectResponse:
    """Send the browser on with GET (303)."""
    return RedirectResponse(address, 303, headers=SAFETY_HEADERS)


def static_file(name: str) -> bytes:
    """Read one of the files of STATIC_TYPES from the package."""
    return (files("mockbank") / "static" / name).read_bytes()


def _template(name: str) -> str:
    return (files("mockbank") / "templates" / name).read_text(encoding="utf-8")


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y, %H:%M:%S %Z}"
