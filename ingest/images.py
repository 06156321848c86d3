"""Pictures: judged before they are decoded, then put into a PDF without loss. Runs in the worker only."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any, Final

import pikepdf
from PIL import Image, UnidentifiedImageError

from ingest.errors import FileBroken, FileTruncated, ImageTooLarge

MOST_MEGAPIXELS: Final = 120
Image.MAX_IMAGE_PIXELS = None  # our own limit speaks before anything is decoded
_A4: Final = (595.28, 841.89)
_ORIENTATION: Final = 0x0112
_MATRICES: Final = {
    1: (1, 0, 0, 1, 0, 0),
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}
"""What stands a stored picture upright inside the unit square, by EXIF orientation (TIFF 6, tag 274)."""


def check(source: Path) -> dict[str, Any]:
    """The quick judgement at the upload: size from the header, then one full decoding.

    Raises ImageTooLarge, FileTruncated, FileBroken.
    """
    with _open(source) as image:
        try:
            image.load()
        except (OSError, SyntaxError, ValueError, zlib.error) as error:
            if "truncated" in str(error):
                raise FileTruncated() from error
            raise FileBroken(reason=str(error)[:200]) from error
    return {"pages": 1}


def to_pdf(source: Path, target: Path) -> dict[str, Any]:
    """Put a picture on a page of its own, as large as A4 allows, upright.

    A JPEG keeps its very bytes (the page turns it); anything else is stored losslessly.
    """
    with _open(source) as image:
        orientation = _orientation(image)
        document = pikepdf.new()
        if image.format in ("JPEG", "MPO") and image.mode in ("L", "RGB"):
            picture = _jpeg_stream(document, source.read_bytes(), image.mode, *image.size)
        else:
            picture = _flate_stream(document, _flat(image))
        _add_page(document, picture, *image.size, orientation)
        document.save(target, deterministic_id=True)
    return {"pages": 1}


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; a note that cannot be read is no reason to refuse a photo."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF is a small file system of its own; its reader raises of every kind
        return 1
    return value if value in _MATRICES else 1


def _open(source: Path) -> Image.Image:
    try:
        image = Image.open(source, formats=("JPEG", "PNG"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise FileBroken(reason=str(error).replace(str(source), "")[:200]) from error
    width, height = image.size
    if width * height > MOST_MEGAPIXELS * 1_000_000:
        image.close()
        raise ImageTooLarge(width=width, height=height, limit=MOST_MEGAPIXELS)
    return image


def _flat(image: Image.Image) -> Image.Image:
    """Grey or RGB on white, whatever came in (transparency, palettes, CMYK, 16 bits)."""
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("1", "L") and "transparency" not in image.info:
        return image.convert("L")
    if "A" in image.getbands() or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")


def _jpeg_stream(document: pikepdf.Pdf, data: bytes, mode: str, width: int, height: int) -> pikepdf.Stream:
    return pikepdf.Stream(document, data, _facts(mode, width, height, "/DCTDecode"))


def _flate_stream(document: pikepdf.Pdf, image: Image.Image) -> pikepdf.Stream:
    out = io.BytesIO(zlib.compress(image.tobytes(), 6))
    return pikepdf.Stream(document, out.getvalue(), _facts(image.mode, *image.size, "/FlateDecode"))


def _facts(mode: str, width: int, height: int, compression: str) -> pikepdf.Dictionary:
    return pikepdf.Dictionary(
        {
            "/Type": pikepdf.Name("/XObject"),
            "/Subtype": pikepdf.Name("/Image"),
            "/Width": width,
            "/Height": height,
            "/BitsPerComponent": 8,
            "/ColorSpace": pikepdf.Name("/DeviceGray" if mode == "L" else "/DeviceRGB"),
            "/Filter": pikepdf.Name(compression),
        }
    )


def _add_page(
    document: pikepdf.Pdf, picture: pikepdf.Stream, width: int, height: int, orientation: int
) -> None:
    if orientation > 4:  # it stands on its side
        width, height = height, width
    page_width, page_height = _A4 if height >= width else (_A4[1], _A4[0])
    scale = min(page_width / width, page_height / height)
    drawn_width, drawn_height = width * scale, height * scale
    page = document.add_blank_page(page_size=(page_width, page_height))
    page.Resources = pikepdf.Dictionary({"/XObject": pikepdf.Dictionary({"/Picture": picture})})
    left, bottom = (page_width - drawn_width) / 2, (page_height - drawn_height) / 2
    upright = " ".join(map(str, _MATRICES[orientation]))
    operators = (
        f"q {drawn_width:.3f} 0 0 {drawn_height:.3f} {left:.3f} {bottom:.3f} cm {upright} cm /Picture Do Q"
    )
    page.Contents = pikepdf.Stream(document, operators.encode())
