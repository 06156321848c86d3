"""Other papers' pages drawn onto the empty pages of a sheet, so that one file holds both. Worker only.

The sheet is PDF/A-2b and stays it: what is drawn comes from archival renditions, which are PDF/A
themselves, without what belongs to their own document (annotations, layers, output intent). A page
that depends on such things is drawn as a picture of itself.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pikepdf
from PIL import Image

from ingest import pdf as pdfs
from ingest.errors import FileBroken, FileRefused

_POINTS_PER_MM: Final = 72 / 25.4
_LEFT: Final = 12.0
_BOTTOM: Final = 22.0
_RIGHT: Final = 198.0
_TOP: Final = 273.0
"""Where on the A4 page another page is drawn, in millimetres from the lower left corner: below the line
that names it and above the footer."""
_PICTURE_WIDTH: Final = 1600
"""Pixels across: about 220 dots an inch on the page."""


def attach(source: Path, target: Path, folder: Path, parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Draw pages onto the last pages of ``source`` and write ``target``; returns its ``pages``.

    ``parts`` is ``[{"file": name in folder, "pages": how many of its first pages}]``; the sheet ends
    with as many empty A4 pages as they come to. Raises FileRefused.
    """
    count = sum(int(part["pages"]) for part in parts)
    with pikepdf.open(source) as sheet:
        at = len(sheet.pages) - count
        if at < 0:
            raise FileBroken(reason="the sheet has too few pages")
        for part in parts:
            path = folder / Path(part["file"]).name
            _draw(sheet, at, path, int(part["pages"]))
            at += int(part["pages"])
        sheet.save(target, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.preserve)
        pages = len(sheet.pages)
    with target.open("ab") as file:
        file.write(b"\n")  # the next revision's first object must not touch %%EOF
    return {"pages": pages}


def _draw(sheet: pikepdf.Pdf, at: int, path: Path, pages: int) -> None:
    place = pikepdf.Rectangle(*(side * _POINTS_PER_MM for side in (_LEFT, _BOTTOM, _RIGHT, _TOP)))
    try:
        with pikepdf.open(io.BytesIO(path.read_bytes())) as part:
            if len(part.pages) < pages:
                raise FileBroken(reason="an attached file has too few pages")
            if _stands_alone(part):
                part.flatten_annotations("screen")
                for number in range(pages):
                    page = part.pages[number]
                    if "/Annots" in page.obj:
                        del page.obj["/Annots"]
                    sheet.pages[at + number].add_overlay(page, place)
                return
        for number in range(pages):
            _draw_picture(sheet, sheet.pages[at + number], path, number + 1, place)
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError) as error:
        if isinstance(error, FileRefused):
            raise
        raise FileBroken(reason=str(error)[:200]) from error


def _stands_alone(part: pikepdf.Pdf) -> bool:
    """Whether pages mean the same in another document: no layers, and colours as on a screen."""
    if "/OCProperties" in part.Root:
        return False
    for intent in part.Root.get("/OutputIntents", ()):
        profile = intent.get("/DestOutputProfile")
        if profile is not None and int(profile.get("/N", 0)) != 3:
            return False
    return True


def _draw_picture(
    sheet: pikepdf.Pdf, page: pikepdf.Page, path: Path, number: int, place: pikepdf.Rectangle
) -> None:
    drawn = path.with_name(f"{path.name}.{number}.png")
    pdfs.picture(path, number, _PICTURE_WIDTH, drawn)
    with Image.open(drawn) as opened:
        picture = opened.convert("RGB")
    drawn.unlink()
    width, height = picture.size
    stream = pikepdf.Stream(sheet, zlib.compress(picture.tobytes()))
    stream.update(
        {
            "/Type": pikepdf.Name.XObject,
            "/Subtype": pikepdf.Name.Image,
            "/Width": width,
            "/Height": height,
            "/ColorSpace": pikepdf.Name.DeviceRGB,
            "/BitsPerComponent": 8,
            "/Filter": pikepdf.Name.FlateDecode,
        }
    )
    name = page.add_resource(stream, pikepdf.Name.XObject)
    scale = min(float(place.width) / width, float(place.height) / height)
    shown_width, shown_height = width * scale, height * scale
    left = float(place.llx) + (float(place.width) - shown_width) / 2
    bottom = float(place.lly) + (float(place.height) - shown_height) / 2
    drawing = f"q {shown_width:.3f} 0 0 {shown_height:.3f} {left:.3f} {bottom:.3f} cm {name} Do Q"
    page.contents_add(drawing.encode(), prepend=False)
