"""Pages as pictures: PDF pages rendered within a pixel budget, image files decoded upright."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, Final

import pypdfium2
from PIL import Image, ImageOps, UnidentifiedImageError

OCR_DPI: Final = 200
"""Reading gains nothing above it and costs half more at 300."""

VIEW_DPI: Final = 110
"""For the page pictures that people look at."""

MAX_RENDER_PIXELS: Final = 12_000_000
MAX_IMAGE_PIXELS: Final = 40_000_000
"""An A3 page at 300 dpi has 17 million; decoding costs about 4 bytes a pixel."""

OCR_PIXELS: Final = 6_000_000
"""An A4 page at 250 dpi; photographs with more are made smaller before they are read."""

A4_INCHES: Final = 8.27
MIN_DPI: Final = 70


class TooManyPixelsError(Exception):
    """An image would unpack to more pixels than MAX_IMAGE_PIXELS."""


class BrokenImageError(Exception):
    """The image cannot be decoded."""


class PdfPictures:
    """Renders pages of one PDF; close it after use."""

    def __init__(self, data: bytes) -> None:
        self._document = pypdfium2.PdfDocument(data)

    def page_count(self) -> int:
        """Number of pages."""
        return len(self._document)

    def render(self, number: int, dpi: int) -> Image.Image:
        """Page `number` (from 1) in grey at a resolution that keeps it within MAX_RENDER_PIXELS."""
        page = self._document[number - 1]
        width, height = page.get_size()
        scale = min(dpi / 72, (MAX_RENDER_PIXELS / max(width * height, 1.0)) ** 0.5)
        bitmap = page.render(scale=scale)
        picture: Image.Image = bitmap.to_pil().convert("L")
        page.close()
        return picture

    def close(self) -> None:
        """Free the document."""
        self._document.close()


def open_image(data: bytes) -> Any:
    """Open an image file without decoding it; raises BrokenImageError or TooManyPixelsError."""
    Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        return Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "TIFF"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixelsError from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise BrokenImageError(type(error).__name__) from error


def frames(image: Any, limit: int) -> Iterator[Image.Image]:
    """The first frames in grey, turned as EXIF says, within MAX_RENDER_PIXELS."""
    yield from chosen_frames(image, range(min(getattr(image, "n_frames", 1), limit)))


def chosen_frames(image: Any, indexes: Iterable[int]) -> Iterator[Image.Image]:
    """Some frames by their index from 0, as `frames` gives them; BrokenImageError for one that is not there."""
    for index in indexes:
        try:
            image.seek(index)
            upright = ImageOps.exif_transpose(image)
            yield bounded(_grey(upright), OCR_PIXELS)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise TooManyPixelsError from error
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise BrokenImageError(type(error).__name__) from error


def _grey(image: Image.Image) -> Image.Image:
    """Grey on white: what is transparent is paper."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image.convert("RGBA"))
        return paper.convert("L")
    return image.convert("L")


def bounded(image: Image.Image, pixels: int = MAX_RENDER_PIXELS) -> Image.Image:
    """The image, made smaller if it has more pixels than allowed."""
    count = image.width * image.height
    if count <= pixels:
        return image
    share = (pixels / count) ** 0.5
    return image.resize(
        (max(1, int(image.width * share)), max(1, int(image.height * share))), Image.Resampling.LANCZOS
    )


def guessed_dpi(image: Image.Image) -> int:
    """The resolution if the picture shows an A4 page across; what files declare is often wrong."""
    return max(MIN_DPI, int(min(image.width, image.height) / A4_INCHES))
