"""A page as people may see it: scaled for a screen, account numbers hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PIL import Image

from handlers.reading.answer import Picture
from handlers.reading.fields import Fields
from handlers.reading.raster import bounded
from handlers.reading.redact import boxes_to_hide, redacted_png
from handlers.reading.words import Page

VIEW_PIXELS: Final = 1_250_000
"""An A4 page of 940 by 1330 pixels: readable on a phone after zooming, 100 kB as PNG."""


def picture_of(picture: Image.Image, number: int, pages: Sequence[Page], fields: Fields) -> Picture:
    """The page's picture; the invoice and order numbers stay readable even if they look like accounts."""
    account = fields.account.value if fields.account else None
    kept = [
        item.value for item in (fields.invoice_number, fields.po_number) if item and item.value != account
    ]
    view = bounded(picture, VIEW_PIXELS)
    boxes = [box for _, box in boxes_to_hide(pages, kept)]
    return Picture(number, view.width, view.height, redacted_png(view, boxes))
