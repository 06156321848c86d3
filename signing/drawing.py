"""A seal's picture as it goes into a PDF: drawn once as a form XObject, shown as often as needed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.stamp import BaseStampStyle

POINTS_PER_MM: Final = 72 / 25.4


@dataclass(frozen=True)
class Picture:
    """Pixels of a seal: 8-bit RGB and its mask of the same size (0 is not there), row by row."""

    width: int
    height: int
    colours: bytes
    mask: bytes


@dataclass(frozen=True)
class Drawing:
    """A seal in its true size: PDF operators within 0 0 width height (points), or pixels that fill it."""

    width: float
    height: float
    operators: bytes = b""
    picture: Picture | None = None

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height in millimetres."""
        return (self.width / POINTS_PER_MM, self.height / POINTS_PER_MM)

    def add_to(self, writer: Any) -> generic.IndirectObject:
        """The form XObject of the whole seal, compressed, as a new object of ``writer``."""
        entries: dict[Any, Any] = {}
        operators = self.operators
        if self.picture is not None:
            image = writer.add_object(_image(self.picture, writer))
            entries[pdf_name("/Resources")] = _resources("/Image", image)
            operators = b"q %.4f 0 0 %.4f 0 0 cm /Image Do Q" % (self.width, self.height)
        return _add(writer, form(operators, self.width, self.height, entries))


def shown(picture: Picture, size_mm: tuple[float, float]) -> Drawing:
    """A picture that fills a seal of this size."""
    return Drawing(size_mm[0] * POINTS_PER_MM, size_mm[1] * POINTS_PER_MM, picture=picture)


@dataclass(frozen=True)
class Shown:
    """How a field shows a seal: the part from ``begins`` to ``ends`` of its width (fractions), on a page
    turned clockwise by ``turn`` degrees whose unit is ``unit`` points."""

    turn: int = 0
    unit: float = 1.0
    begins: float = 0.0
    ends: float = 1.0

    def size(self, drawing: Drawing) -> tuple[float, float]:
        """Width and height of the field in user space."""
        across, up = self._part(drawing)
        return (up, across) if self.turn in (90, 270) else (across, up)

    def operators(self, drawing: Drawing, name: str) -> bytes:
        """Operators that draw the seal, named ``name`` in the resources, into the field from (0, 0)."""
        scale = 1 / self.unit
        across, up = self._part(drawing)
        shift = -self.begins * drawing.width * scale
        # First scaled and shifted, then turned against the page, so that the seal stands upright.
        matrix = {
            0: (scale, 0, 0, scale, shift, 0),
            90: (0, scale, -scale, 0, up, shift),
            180: (-scale, 0, 0, -scale, across - shift, up),
            270: (0, -scale, scale, 0, 0, across - shift),
        }[self.turn]
        return f"q {' '.join(f'{value:.6g}' for value in matrix)} cm {name} Do Q".encode()

    def _part(self, drawing: Drawing) -> tuple[float, float]:
        return (self.ends - self.begins) * drawing.width / self.unit, drawing.height / self.unit


def form(operators: bytes, width: float, height: float, entries: dict[Any, Any]) -> generic.StreamObject:
    """A form XObject of this size, compressed."""
    bounds = [generic.FloatObject(round(value, 4)) for value in (0, 0, width, height)]
    return generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject(bounds),
            pdf_name("/Filter"): pdf_name("/FlateDecode"),
            **entries,
        },
        encoded_data=zlib.compress(operators, 9),
    )


def appearance(drawing: Drawing, shown: Shown, seal: generic.IndirectObject) -> generic.StreamObject:
    """The appearance of a field that shows a seal which is already an object of the file."""
    entries = {pdf_name("/Resources"): _resources("/Seal", seal)}
    return form(shown.operators(drawing, "/Seal"), *shown.size(drawing), entries)


@dataclass(frozen=True)
class SealStyle(BaseStampStyle):
    """A pyHanko stamp style that fills a signature field with the seal, to the thousandth of a point.

    pyHanko's own stamps round their size to whole points.
    """

    drawing: Drawing | None = None
    shown: Shown = field(default_factory=Shown)

    def create_stamp(self, writer: Any, box: BoxConstraints, text_params: dict[str, Any]) -> Any:
        if self.drawing is None:
            raise RuntimeError("there is nothing to draw")
        return _Stamp(writer, self.drawing, self.shown)


class _Stamp:
    """What pyHanko asks of a stamp that becomes the appearance of a signature."""

    def __init__(self, writer: Any, drawing: Drawing, shown: Shown) -> None:
        self._writer, self._drawing, self._shown = writer, drawing, shown

    def apply_appearance(self, annotation: generic.DictionaryObject) -> None:
        look = appearance(self._drawing, self._shown, self._drawing.add_to(self._writer))
        annotation["/AP"] = generic.DictionaryObject({pdf_name("/N"): _add(self._writer, look)})


def _resources(name: str, reference: generic.IndirectObject) -> generic.DictionaryObject:
    return generic.DictionaryObject(
        {pdf_name("/XObject"): generic.DictionaryObject({pdf_name(name): reference})}
    )


def _image(picture: Picture, writer: Any) -> generic.StreamObject:
    mask = _pixels(picture, picture.mask, "/DeviceGray")
    image = _pixels(picture, picture.colours, "/DeviceRGB")
    image[pdf_name("/SMask")] = _add(writer, mask)
    return image


def _pixels(picture: Picture, data: bytes, colour_space: str) -> generic.StreamObject:
    return generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Image"),
            pdf_name("/Width"): generic.NumberObject(picture.width),
            pdf_name("/Height"): generic.NumberObject(picture.height),
            pdf_name("/ColorSpace"): pdf_name(colour_space),
            pdf_name("/BitsPerComponent"): generic.NumberObject(8),
            pdf_name("/Filter"): pdf_name("/FlateDecode"),
        },
        encoded_data=zlib.compress(data, 9),
    )


def _add(writer: Any, made: generic.StreamObject) -> generic.IndirectObject:
    reference: generic.IndirectObject = writer.add_object(made)
    return reference
