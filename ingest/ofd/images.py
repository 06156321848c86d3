"""Pictures of a package as image XObjects: kept as they are where a PDF can hold them, else without loss."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image

from ingest.errors import FileBroken
from ingest.scanning.pictures import MOST_MEGAPIXELS

_FORMATS: Final = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "JPEG2000", "DIB")
_JBIG2: Final = b"\x97JB2\r\n\x1a\n"
_MOST_SIDE: Final = 65_000
UNREADABLE: Final = (OSError, SyntaxError, ValueError, KeyError, TypeError, zlib.error, struct.error,
                     IndexError, ArithmeticError, EOFError, Image.DecompressionBombError)  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """An image XObject. ``is_opaque`` when nothing shows through it."""

    stream: Any
    is_opaque: bool


def picture(document: pikepdf.Pdf, data: bytes, mask: bytes | None = None) -> Picture:
    """A picture, seen through the brightness of another one where there is a mask. Raises FileBroken."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd in a picture is not for the log
            return _made(document, data, mask)
    except UNREADABLE as error:
        raise FileBroken(reason=f"picture: {str(error)[:120]}") from error


def _made(document: pikepdf.Pdf, data: bytes, mask: bytes | None) -> Picture:
    if data.startswith(_JBIG2):
        made = Picture(_jbig2(document, data), is_opaque=True)
    else:
        made = _decoded(document, data)
    if mask is None:
        return made
    made.stream.SMask = _grey(document, _open(mask).convert("L"))
    return Picture(made.stream, is_opaque=False)


def _open(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=_FORMATS)
    width, height = image.size
    if width * height > MOST_MEGAPIXELS * 1_000_000 or max(width, height) > _MOST_SIDE or not width * height:
        raise FileBroken(reason=f"picture of {width} × {height} pixels")
    return image


def _decoded(document: pikepdf.Pdf, data: bytes) -> Picture:
    image = _open(data)
    if image.format in ("JPEG", "MPO") and image.mode in ("L", "RGB"):
        grey = image.mode == "L"
        return Picture(_stream(document, data, image.size, grey, 8, "/DCTDecode"), is_opaque=True)
    if image.mode == "1":
        return Picture(_packed(document, image), is_opaque=True)
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if "A" in image.getbands() or "transparency" in image.info:
        layers = image.convert("RGBA")
        opacity = layers.getchannel("A")
        lowest = opacity.getextrema()[0]
        stream = _grey_or_rgb(document, layers.convert("RGB"))
        if isinstance(lowest, int | float) and lowest < 255:
            stream.SMask = _grey(document, opacity)
            return Picture(stream, is_opaque=False)
        return Picture(stream, is_opaque=True)
    return Picture(_grey_or_rgb(document, image), is_opaque=True)


def _grey_or_rgb(document: pikepdf.Pdf, image: Image.Image) -> Any:
    if image.mode in ("L", "LA"):
        return _grey(document, image.convert("L"))
    image = image.convert("RGB")
    return _stream(document, zlib.compress(image.tobytes(), 6), image.size, False, 8, "/FlateDecode")


def _grey(document: pikepdf.Pdf, image: Image.Image) -> Any:
    return _stream(document, zlib.compress(image.tobytes(), 6), image.size, True, 8, "/FlateDecode")


def _packed(document: pikepdf.Pdf, image: Image.Image) -> Any:
    return _stream(document, zlib.compress(image.tobytes(), 6), image.size, True, 1, "/FlateDecode")


def _stream(
    document: pikepdf.Pdf, data: bytes, size: tuple[int, int], is_grey: bool, bits: int, compression: str
) -> Any:
    made = Stream(
        document,
        data,
        Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=size[0],
            Height=size[1],
            BitsPerComponent=bits,
            ColorSpace=Name.DeviceGray if is_grey else Name.DeviceRGB,
            Filter=Name(compression),
        ),
    )
    return document.make_indirect(made)


@dataclass(frozen=True)
class _Segment:
    """A segment of a JBIG2 file: header and data as they stand there."""

    kind: int
    page: int
    header: bytes
    data: bytes


def _jbig2(document: pikepdf.Pdf, data: bytes) -> Any:
    """The first page of a JBIG2 file, its segments as a PDF wants them (ISO 32000-1, 7.4.7)."""
    found = _segments(data)
    page = next((one for one in found if one.kind == 48), None)
    if page is None or len(page.data) < 8:
        raise ValueError("no page in JBIG2")
    width, height = struct.unpack_from(">LL", page.data)
    if not 0 < width <= _MOST_SIDE or not 0 < height <= _MOST_SIDE:
        raise ValueError("JBIG2 of unknown size")
    if width * height > MOST_MEGAPIXELS * 1_000_000:
        raise ValueError("JBIG2 too large")
    own = b"".join(
        one.header + one.data for one in found if one.page == page.page and one.kind not in (49, 51)
    )
    shared = b"".join(one.header + one.data for one in found if one.page == 0 and one.kind != 51)
    stream = _stream(document, own, (width, height), True, 1, "/JBIG2Decode")
    if shared:
        stream.DecodeParms = Dictionary(JBIG2Globals=document.make_indirect(Stream(document, shared)))
    stream.Decode = Array([0, 1])
    return stream


def _segments(data: bytes) -> list[_Segment]:
    """All segments (ITU-T T.88, 7.2), in either organisation of the file."""
    flags = data[8]
    at = 9 if flags & 2 else 13
    headers: list[tuple[int, int, bytes, int]] = []
    found: list[_Segment] = []
    while at + 11 <= len(data) and len(headers) < 10_000:
        start = at
        kind = data[at + 4]
        count = data[at + 5] >> 5
        at += 6
        if count == 7:
            count = struct.unpack_from(">L", data, at - 1)[0] & 0x1FFFFFFF
            at += 3 + (count + 8) // 8
        number = struct.unpack_from(">L", data, start)[0]
        at += count * (1 if number <= 256 else 2 if number <= 65_536 else 4)
        if kind & 0x40:
            page = struct.unpack_from(">L", data, at)[0]
            at += 4
        else:
            page = data[at]
            at += 1
        length = struct.unpack_from(">L", data, at)[0]
        at += 4
        kind &= 0x3F
        headers.append((kind, page, data[start:at], length))
        if flags & 1:
            if length == 0xFFFFFFFF:
                raise ValueError("JBIG2 of unknown length")
            found.append(_Segment(kind, page, data[start:at], data[at : at + length]))
            at += length
        elif kind == 51:
            break
    if not flags & 1:
        for kind, page, header, length in headers:
            found.append(_Segment(kind, page, header, data[at : at + length]))
            at += length
    return found
