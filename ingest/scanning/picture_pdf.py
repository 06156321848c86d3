"""A PDF/A-2b of pictures, one on a page, with the recognised words under it. Source: ISO 19005-2."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageCms

from ingest.scanning.text_layer import TextLayer
from ingest.words import Page, Place, Word

A4: Final = (595.28, 841.89)
_QUALITY: Final = 90
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
_AFTER_A_TURN: Final = {1: 6, 6: 3, 3: 8, 8: 1, 2: 7, 7: 4, 4: 5, 5: 2}
"""The orientation that a quarter turn clockwise makes of another."""
_XMP: Final = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


@dataclass(frozen=True)
class Stored:
    """A picture as it goes into the file. ``width`` and ``height`` in pixels as stored; ``orientation`` is
    what stands it upright."""

    data: bytes
    width: int
    height: int
    mode: str
    """``1``, ``L`` or ``RGB``."""
    is_jpeg: bool
    orientation: int = 1
    profile: bytes | None = None
    """The ICC profile of its colours, when they are not sRGB."""

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height as shown."""
        return (self.height, self.width) if self.orientation > 4 else (self.width, self.height)


def orientation_after(orientation: int, turns: int) -> int:
    """The EXIF orientation of what is shown by one and then turned by quarters clockwise."""
    for _ in range(turns % 4):
        orientation = _AFTER_A_TURN[orientation]
    return orientation


def lossless(image: Image.Image, orientation: int = 1) -> Stored:
    """A picture of mode 1, L or RGB without loss."""
    data = zlib.compress(image.tobytes(), 6)
    return Stored(data, *image.size, image.mode, is_jpeg=False, orientation=orientation)


def as_jpeg(image: Image.Image, orientation: int = 1) -> Stored:
    """A picture of mode L or RGB as JPEG of high quality."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, subsampling=0)
    return Stored(out.getvalue(), *image.size, image.mode, is_jpeg=True, orientation=orientation)


class PicturePdf:
    """The file while it is made: ``add`` for each picture, then ``save``."""

    def __init__(self) -> None:
        self._document = pikepdf.new()
        self._texts = TextLayer(self._document)
        self._has_text = False

    def add(self, stored: Stored, words: Page) -> Page:
        """A page with the picture, as large as A4 allows, upright.

        ``words`` have their places on the picture as shown; returned with their places on the page.
        """
        width, height = stored.shown_size
        page_width, page_height = _page_size(width, height)
        box = box_on_page(width, height)
        drawn_width, drawn_height = box[2] * page_width, box[3] * page_height
        left, bottom = box[0] * page_width, box[1] * page_height  # in the middle: bottom and top are alike
        page = self._document.add_blank_page(page_size=(page_width, page_height))
        resources = Dictionary(XObject=Dictionary(Picture=self._picture(stored)))
        page.Resources = resources
        upright = " ".join(map(str, _MATRICES[stored.orientation]))
        operators = (
            f"q {drawn_width:.3f} 0 0 {drawn_height:.3f} {left:.3f} {bottom:.3f} cm "
            f"{upright} cm /Picture Do Q\n"
        )
        placed = tuple(Word(one.text, placed_in(one.place, box), one.confidence) for one in words)
        said = self._texts.content(placed, lambda x, y: (x * page_width, (1 - y) * page_height), "Words")
        if said:
            resources.Font = Dictionary(Words=self._texts.font)
            self._has_text = True
        page.Contents = Stream(self._document, operators.encode() + said)
        return placed

    def _picture(self, stored: Stored) -> Stream:
        entries = Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=stored.width,
            Height=stored.height,
            BitsPerComponent=1 if stored.mode == "1" else 8,
            ColorSpace=self._colours(stored),
            Filter=Name.DCTDecode if stored.is_jpeg else Name.FlateDecode,
        )
        return Stream(self._document, stored.data, entries)

    def _colours(self, stored: Stored) -> pikepdf.Object:
        if stored.profile is not None:
            count = 1 if stored.mode == "L" else 3
            profile = Stream(self._document, zlib.compress(stored.profile), N=count, Filter=Name.FlateDecode)
            return Array([Name.ICCBased, self._document.make_indirect(profile)])
        return Name.DeviceRGB if stored.mode == "RGB" else Name.DeviceGray

    def save(self, target: Path) -> None:
        """Write the file: the same bytes for the same pictures."""
        document = self._document
        if self._has_text:
            self._texts.finish()
        profile = Stream(document, zlib.compress(_srgb()), N=3, Filter=Name.FlateDecode)
        document.Root.OutputIntents = Array(
            [
                Dictionary(
                    Type=Name.OutputIntent,
                    S=Name("/GTS_PDFA1"),
                    OutputConditionIdentifier=b"sRGB IEC61966-2.1",
                    Info=b"sRGB IEC61966-2.1",
                    DestOutputProfile=document.make_indirect(profile),
                )
            ]
        )
        metadata = Stream(document, _XMP.encode(), Type=Name.Metadata, Subtype=Name.XML)
        document.Root.Metadata = document.make_indirect(metadata)
        document.save(target, deterministic_id=True, force_version="1.7", fix_metadata_version=False)
        document.close()


Box = tuple[float, float, float, float]
"""Left, top, width and height as shares of the page."""


def box_on_page(width: int, height: int) -> Box:
    """Where a picture of this shape stands on its page."""
    page_width, page_height = _page_size(width, height)
    scale = min(page_width / width, page_height / height)
    wide, high = width * scale / page_width, height * scale / page_height
    return (1 - wide) / 2, (1 - high) / 2, wide, high


def _page_size(width: int, height: int) -> tuple[float, float]:
    return A4 if height >= width else (A4[1], A4[0])


def placed_in(place: Place, box: Box) -> Place:
    """A place on a picture as one on its page."""
    left, top, wide, high = box
    return Place(
        place.page,
        left + place.left * wide,
        top + place.top * high,
        left + place.right * wide,
        top + place.bottom * high,
    )


@cache
def _srgb() -> bytes:
    """The profile of sRGB, with a fixed date so that files can be compared."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    data[24:36] = bytes([7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])
    return bytes(data)
