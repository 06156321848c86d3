"""ICC profiles: sRGB for the output intent, and one that shows device CMYK as PDFium does."""

from __future__ import annotations

import io
import struct
from functools import cache
from typing import Any, Final

import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageCms

from ingest.renditions.content import Drawing, images_of

_GRID: Final = 9
_STEPS: Final = tuple(round(255 * step / (_GRID - 1)) for step in range(_GRID))
_CLASSES: Final = frozenset({b"prtr", b"mntr", b"scnr", b"spac"})
_SPACES: Final = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}
_DEVICE: Final = {1: "/DeviceGray", 3: "/DeviceRGB", 4: "/DeviceCMYK"}


@cache
def srgb() -> bytes:
    """The sRGB profile that comes with Pillow (LittleCMS)."""
    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


@cache
def cmyk() -> bytes:
    """An ICC profile (version 2, output device) whose colours are those that PDFium gives device CMYK.

    A table of 9 × 9 × 9 × 9 colours. Device CMYK has no colours of its own, and PDF/A wants some named.
    """
    table = _lut(4, 3, _GRID, _as_lab(_shown()))
    dark = bytes((255 - 255 * (corner & 4 > 0)) for corner in range(8))
    back = _lut(3, 4, 2, b"".join(b"\0\0\0" + dark[corner : corner + 1] for corner in range(8)))
    words = b"Device CMYK as shown"
    description = (
        b"desc\0\0\0\0" + struct.pack(">L", len(words) + 1) + words + b"\0" + b"\0" * (4 + 4 + 2 + 1 + 67)
    )
    white = b"XYZ \0\0\0\0" + struct.pack(">3l", 63190, 65536, 54061)
    tags = {
        b"desc": description, b"cprt": b"text\0\0\0\0No copyright\0", b"wtpt": white, b"A2B0": table,
        b"B2A0": back,
    }  # fmt: skip
    return _profile(tags)


def _profile(tags: dict[bytes, bytes]) -> bytes:
    at, listed, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        listed += struct.pack(">4s2L", name, at + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    size = at + len(body)
    header = struct.pack(">L4sL4s4s4s", size, b"\0\0\0\0", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header += struct.pack(">6H4s4s", 2026, 1, 1, 0, 0, 0, b"acsp", b"\0\0\0\0")
    header += b"\0" * (4 + 4 + 4 + 8 + 4) + struct.pack(">3l", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">L", len(tags)) + listed + body


def _lut(inputs: int, outputs: int, grid: int, table: bytes) -> bytes:
    """A ``lut8Type`` (ICC.1:2001, 6.5.8) with straight curves."""
    straight = bytes(range(256))
    matrix = struct.pack(">9l", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    head = b"mft1\0\0\0\0" + bytes((inputs, outputs, grid, 0)) + matrix
    return head + straight * inputs + table + straight * outputs


def _shown() -> Image.Image:
    """The grid's colours, drawn by PDFium: a picture of 81 × 81 points, cyan slowest, black fastest."""
    side = _GRID * _GRID
    data = bytes(
        ink
        for cyan in _STEPS
        for magenta in _STEPS
        for yellow in _STEPS
        for black in _STEPS
        for ink in (cyan, magenta, yellow, black)
    )
    out = io.BytesIO()
    with pikepdf.new() as document:
        page = document.add_blank_page(page_size=(side, side))
        image = Stream(document, data)
        image.Type, image.Subtype, image.Width, image.Height = Name.XObject, Name.Image, side, side
        image.ColorSpace, image.BitsPerComponent = Name.DeviceCMYK, 8
        page.obj.Resources = Dictionary(XObject=Dictionary({"/Im": document.make_indirect(image)}))
        page.obj.Contents = document.make_stream(f"{side} 0 0 {side} 0 0 cm /Im Do".encode())
        document.save(out)
    shown = pypdfium2.PdfDocument(out.getvalue())
    picture: Image.Image = shown[0].render(scale=1).to_pil().convert("RGB")
    shown.close()
    return picture


def _as_lab(picture: Image.Image) -> bytes:
    """Lab as ICC version 2 writes it in 8 bits: L from 0 to 255, a and b from 128."""
    change = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    converted = ImageCms.applyTransform(picture, change)
    assert converted is not None
    data = bytearray(converted.tobytes())
    for at in range(0, len(data), 3):  # Pillow keeps a and b as signed bytes
        data[at + 1] = (data[at + 1] + 128) & 255
        data[at + 2] = (data[at + 2] + 128) & 255
    return bytes(data)


def is_sound(profile: Any) -> bool:
    """Whether an ICC profile's header fits the number of its components (PDF/A-2, 6.2.4.2)."""
    try:
        data, number = profile.read_bytes(), int(profile.get("/N", 0))
    except (pikepdf.PdfError, TypeError, ValueError):
        return False
    if len(data) < 132 or data[36:40] != b"acsp" or data[8] >= 5 or data[12:16] not in _CLASSES:
        return False
    space = data[16:20]
    return space == _SPACES.get(number) or (number == 3 and space == b"Lab ")


def device_of(profile: Any) -> Any:
    """The device colour space with as many components as a profile that is not sound."""
    return Name(_DEVICE.get(int(profile.get("/N", 3)), "/DeviceRGB"))


def uses_cmyk(drawings: list[tuple[Drawing, list[Any]]]) -> bool:
    """Whether device CMYK is meant anywhere: by operators, pictures, or the spaces behind other spaces."""
    for drawing, instructions in drawings:
        if any(str(one.operator) in ("k", "K") for one in instructions):
            return True
        if any(_names_cmyk(one) for one in instructions if str(one.operator) in ("cs", "CS", "INLINE IMAGE")):
            return True
        holders = [drawing.resources.get("/ColorSpace"), drawing.resources.get("/Shading")]
        holders += [image.get("/ColorSpace") for image in images_of(drawing.resources)]
        holders += [drawing.resources.get("/Pattern"), drawing.holder.get("/Group")]
        if any(mentions(one, "/DeviceCMYK") for one in holders if one is not None):
            return True
    return False


def _names_cmyk(instruction: Any) -> bool:
    if str(instruction.operator) == "INLINE IMAGE":
        written = repr(instruction.iimage.obj)
        return "/DeviceCMYK" in written or "/CMYK" in written
    return any(str(one) == "/DeviceCMYK" for one in instruction.operands if isinstance(one, Name))


def mentions(item: Any, name: str, depth: int = 0) -> bool:
    """Whether a name stands anywhere in an object."""
    if depth > 8:
        return False
    if isinstance(item, Name):
        return str(item) == name
    if isinstance(item, Array):
        return any(mentions(one, name, depth + 1) for one in item)
    if isinstance(item, Dictionary | Stream):
        return any(mentions(item[key], name, depth + 1) for key in item.keys() if key != "/Parent")  # noqa: SIM118
    return False
