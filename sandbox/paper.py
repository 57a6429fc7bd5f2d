"""Make a clean print look scanned or photographed: turned, grainy, blurred, in perspective, with shadows.

Deterministic: the grain comes from a seeded generator, so that the same print gives the same picture.
"""

import random
from datetime import datetime
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageDraw, ImageFilter

SCAN_DPI = 200
SCAN_TURN_DEGREES = 1.2
SCAN_QUALITY = 52
PHOTO_DPI = 190
PHOTO_SIZE = (1512, 2016)  # 3 MP, the usual 3:4 of a phone
PHOTO_QUALITY = 74
PHOTO_TAKEN = datetime(2026, 11, 20, 17, 42, 11)  # noqa: DTZ001 - EXIF times have no zone
EXIF_ORIENTATION, EXIF_MAKE, EXIF_MODEL, EXIF_DATE_TIME = 0x0112, 0x010F, 0x0110, 0x0132
TURN_RIGHT_TO_SHOW = 6  # EXIF 2.32, 4.6.5.1.6: rows are stored with the page's top at the right
SEED = 8812

_Corner = tuple[float, float]


def write_scan(print_: Path, target: Path) -> None:
    """Write the first page as an image-only PDF, as an office scanner would: grey, turned, grainy."""
    page = _render(print_, SCAN_DPI).convert("L")
    turned = page.rotate(SCAN_TURN_DEGREES, Image.Resampling.BICUBIC, fillcolor=247)
    soft = turned.filter(ImageFilter.GaussianBlur(0.55))
    faded = soft.point([18 + round(value * 0.915) for value in range(256)])
    grainy = _grain(faded, 16)
    grainy.save(target, "PDF", resolution=SCAN_DPI, quality=SCAN_QUALITY)


def write_photo(print_: Path, target: Path) -> None:
    """Write the first page as a phone photo: on a desk, slightly tilted, half in shadow, stored sideways.

    Phones store the sensor's rows and say in EXIF how to turn them; readers that ignore it see a lying page.
    """
    page = _render(print_, PHOTO_DPI)
    desk = _on_a_desk(page)
    shot = desk.transform(PHOTO_SIZE, Image.Transform.QUAD, _seen_from(desk.size), Image.Resampling.BICUBIC)
    lit = ImageChops.multiply(shot, _light(PHOTO_SIZE))
    soft = lit.filter(ImageFilter.GaussianBlur(0.7))
    grainy = Image.merge("RGB", [_grain(band, 9) for band in soft.split()])
    exif = Image.Exif()
    exif[EXIF_MAKE], exif[EXIF_MODEL] = "Fictional", "Phone 4"
    exif[EXIF_DATE_TIME] = PHOTO_TAKEN.strftime("%Y:%m:%d %H:%M:%S")
    exif[EXIF_ORIENTATION] = TURN_RIGHT_TO_SHOW
    stored = grainy.transpose(Image.Transpose.ROTATE_90)
    stored.save(target, "JPEG", quality=PHOTO_QUALITY, exif=exif)


def _render(print_: Path, dpi: int) -> Image.Image:
    pdf = pdfium.PdfDocument(print_)
    try:
        image: Image.Image = pdf[0].render(scale=dpi / 72).to_pil().convert("RGB")
        return image
    finally:
        pdf.close()


def _grain(band: Image.Image, strength: int) -> Image.Image:
    """Add noise of about +-strength levels to one band."""
    noise = Image.frombytes("L", band.size, random.Random(SEED).randbytes(band.width * band.height))
    table = [round(128 + (value - 127.5) / 127.5 * strength) for value in range(256)]
    return ImageChops.add(band, noise.point(table), offset=-128)


def _on_a_desk(page: Image.Image) -> Image.Image:
    """Lay the page with a soft drop shadow on a wooden desk with room around it."""
    margin = page.width // 7
    size = (page.width + 2 * margin, page.height + 2 * margin)
    desk = _wood(size)
    shadow = Image.new("L", size, 255)
    ImageDraw.Draw(shadow).rectangle(
        (margin + 8, margin + 12, margin + page.width + 26, margin + page.height + 30), fill=70
    )
    shadow = shadow.filter(ImageFilter.GaussianBlur(18))
    desk = ImageChops.multiply(desk, Image.merge("RGB", (shadow, shadow, shadow)))
    desk.paste(page, (margin, margin))
    return desk


def _wood(size: tuple[int, int]) -> Image.Image:
    """Brown boards: noise stretched along one axis."""
    grain = Image.frombytes("L", (12, size[1] // 3), random.Random(SEED).randbytes(12 * (size[1] // 3)))
    streaks = grain.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(3))
    bands = [streaks.point([round(base + value * 0.16) for value in range(256)]) for base in (112, 78, 52)]
    return Image.merge("RGB", bands)


def _seen_from(size: tuple[int, int]) -> tuple[float, ...]:
    """The four source corners (NW, SW, SE, NE) a slightly tilted phone sees."""
    width, height = size
    corners: tuple[_Corner, ...] = (
        (width * 0.035, height * 0.030),
        (width * 0.070, height * 0.985),
        (width * 0.960, height * 0.965),
        (width * 0.975, height * 0.050),
    )
    return tuple(value for corner in corners for value in corner)


def _light(size: tuple[int, int]) -> Image.Image:
    """Warm light from the upper left and the shadow of the hand that holds the phone."""
    small = (63, 84)
    fall = Image.new("L", small)
    fall.putdata(
        [
            round(252 - 42 * (x / small[0] + y / small[1]) / 2)
            for y in range(small[1])
            for x in range(small[0])
        ]
    )
    hand = Image.new("L", small, 255)
    ImageDraw.Draw(hand).polygon([(63, 46), (40, 66), (34, 84), (63, 84)], fill=196)
    shade = ImageChops.multiply(fall, hand.filter(ImageFilter.GaussianBlur(5)))
    grey = shade.resize(size, Image.Resampling.BICUBIC)
    return Image.merge("RGB", [grey.point([round(v * k) for v in range(256)]) for k in (1.0, 0.975, 0.93)])
