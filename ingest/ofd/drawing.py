"""Objects of a page drawn as PDF operators: layers, blocks, paths, text, pictures, vector units.

Every object is drawn alone between ``q`` and ``Q`` with its whole matrix, so that one that cannot be
drawn is left out without a trace, and nesting stays far below the 28 levels that PDF/A allows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ingest.errors import FileRefused
from ingest.ofd import images, paints, text
from ingest.ofd.canvas import Book, Canvas, TooMuch
from ingest.ofd.clips import clip
from ingest.ofd.colours import alpha_of
from ingest.ofd.geometry import (
    IDENTITY,
    Matrix,
    applied,
    extent,
    matrix_of,
    moved,
    operand,
    plain,
    rectangle,
    scale_of,
    segments,
    times,
    written,
)
from ingest.ofd.images import Picture
from ingest.ofd.markup import Box, Element, box, children, is_true, number_of
from ingest.ofd.package import Package
from ingest.ofd.paints import PLAIN_BLACK, Paint, Scene
from ingest.ofd.resources import Resources, Style

DEEPEST: Final = 24
"""Blocks in blocks."""
MOST_UNITS: Final = 8
"""Vector units in vector units."""
_LINE: Final = 0.353
"""The width of a line that says none, in millimetres: a point."""
_CAPS: Final = {"Butt": 0, "Round": 1, "Square": 2}
_JOINS: Final = {"Miter": 0, "Round": 1, "Bevel": 2}
_ANYTHING: Final = (ValueError, KeyError, IndexError, TypeError, ArithmeticError, AttributeError, FileRefused)
"""What one broken object may raise: it is left out."""


@dataclass
class Seen:
    """What was found while drawing."""

    texts: dict[str, str] = field(default_factory=dict)
    """The text of every TextObject by its ID."""
    places: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    """Where it stands: left, bottom, right, top on the page."""
    broken: int = 0
    """Objects that could not be drawn."""


class Painter:
    """Draws the objects of one page."""

    def __init__(self, book: Book, package: Package, page: Matrix, seen: Seen) -> None:
        self.book = book
        self.seen = seen
        self._package = package
        self._page = page
        self._units = 0
        self._ways: dict[str, Callable[[Canvas, Resources, Element, Matrix, Style], None]] = {
            "PathObject": self._path,
            "TextObject": self._text,
            "ImageObject": self._image,
            "CompositeObject": self._unit,
            "VectorObject": self._unit,
        }

    def layer(self, canvas: Canvas, resources: Resources, element: Element, outer: Matrix) -> None:
        """A layer, or anything else that holds objects and may name a DrawParam for them."""
        style = resources.parameters(element.get("DrawParam"))
        self.block(canvas, resources, element, outer, style)

    def block(
        self,
        canvas: Canvas,
        resources: Resources,
        element: Element,
        outer: Matrix,
        style: Style = Style(),
        depth: int = 0,
    ) -> None:
        """The objects in an element, in their order. Raises TooMuch."""
        if depth > DEEPEST:
            self.seen.broken += 1
            return
        for one in children(element):
            if one.tag in ("PageBlock", "Content", "Layer"):
                if is_true(one.get("Visible"), otherwise=True):
                    self.block(canvas, resources, one, outer, resources.style(one, style), depth + 1)
                continue
            way = self._ways.get(str(one.tag))
            if way is not None and is_true(one.get("Visible"), otherwise=True):
                self._object(canvas, resources, one, outer, style, way)

    def _object(
        self,
        canvas: Canvas,
        resources: Resources,
        element: Element,
        outer: Matrix,
        style: Style,
        way: Callable[[Canvas, Resources, Element, Matrix, Style], None],
    ) -> None:
        self.book.count_object()
        mark = canvas.mark()
        canvas.write("q")
        try:
            clip(canvas, resources, element, outer)
            way(canvas, resources, element, outer, resources.style(element, style))
        except TooMuch:
            raise
        except _ANYTHING:
            canvas.rewind(mark)
            self.seen.broken += 1
            return
        if canvas.mark() == mark + 1:  # nothing came of it
            canvas.rewind(mark)
        else:
            canvas.write("Q")

    # paths

    def _path(
        self, canvas: Canvas, resources: Resources, element: Element, outer: Matrix, style: Style
    ) -> None:
        outline = segments(element.findtext("AbbreviatedData"))
        around = extent(outline)
        if around is None:
            return
        is_stroked = is_true(element.get("Stroke"), otherwise=True)
        is_filled = is_true(element.get("Fill"), otherwise=False)
        place, matrix = _placed(element, outer)
        scene = Scene(matrix, self._page, around)
        colour = style.colour("FillColor")
        fill = self._paint(canvas, resources, colour, scene) if is_filled and colour is not None else None
        stroke = self._paint(canvas, resources, style.colour("StrokeColor"), scene) if is_stroked else None
        if fill is None and stroke is None:
            return
        self._keep_inside(canvas, element, place, outer, around, style)
        self._set(canvas, element, fill, stroke)
        canvas.concatenate(matrix)
        if stroke is not None:
            _set_line(canvas, style)
        rule = "*" if (element.get("Rule") or "").strip().lower() in ("even-odd", "evenodd") else ""
        canvas.write(written(outline))
        canvas.write({(True, True): f"B{rule}", (True, False): f"f{rule}"}.get(
            (fill is not None, stroke is not None), "S"
        ))  # fmt: skip

    def _keep_inside(
        self, canvas: Canvas, element: Element, place: Box, outer: Matrix, around: Box, style: Style
    ) -> None:
        """Cut off what reaches out of the object's box (GB/T 33190, 8.5), but no line's own width."""
        x, y, width, height = place
        matrix = matrix_of(element.get("CTM"))
        corners = [
            applied(matrix, around[0] + across, around[1] + down)
            for across in (0, around[2])
            for down in (0, around[3])
        ]
        slack = style.number("LineWidth", _LINE) * max(1.0, scale_of(matrix)) + 0.3
        left, right = min(one[0] for one in corners), max(one[0] for one in corners)
        top, bottom = min(one[1] for one in corners), max(one[1] for one in corners)
        is_inside = left >= -slack and top >= -slack and right <= width + slack and bottom <= height + slack
        if width > 0.5 and height > 0.5 and not is_inside:
            cut = (x - slack, y - slack, width + 2 * slack, height + 2 * slack)
            canvas.write(written(rectangle(cut), outer), "W n")

    def _paint(
        self, canvas: Canvas, resources: Resources, element: Element | None, scene: Scene
    ) -> Paint | None:
        if element is None:
            return PLAIN_BLACK
        return paints.paint(self, canvas, resources, element, scene)

    @staticmethod
    def _set(canvas: Canvas, element: Element, fill: Paint | None, stroke: Paint | None) -> None:
        """Choose paints, their opacities times the object's own; in the stream's space, as masks are."""
        own = alpha_of(element)
        masked = next((one.mask for one in (fill, stroke) if one is not None and one.mask is not None), None)
        if masked is not None:
            canvas.masked(masked)
        canvas.opacity(own * (fill.opacity if fill else 1.0), own * (stroke.opacity if stroke else 1.0))
        for one, is_stroke in ((fill, False), (stroke, True)):
            if one is not None:
                canvas.write(one.operator(is_stroke))

    # text

    def _text(
        self, canvas: Canvas, resources: Resources, element: Element, outer: Matrix, style: Style
    ) -> None:
        setting = text.lettering(element, resources.font(element.get("Font")))
        letters = text.glyphs(element, setting)
        place, matrix = _placed(element, outer)
        self._note(element, letters, setting, matrix)
        if not letters or setting.size <= 0:
            return
        reach = (0.0, -setting.size, max(place[2], 1.0), max(place[3], 1.0) + 2 * setting.size)
        scene = Scene(matrix, self._page, reach)
        fill = stroke = None
        if is_true(element.get("Fill"), otherwise=True):
            fill = self._paint(canvas, resources, style.colour("FillColor"), scene)
        line = style.colour("StrokeColor")
        if is_true(element.get("Stroke"), otherwise=False) and line is not None:
            stroke = self._paint(canvas, resources, line, scene)
        is_bolder = setting.is_emboldened and fill is not None and stroke is None
        if is_bolder:
            stroke = fill
        self._set(canvas, element, fill, stroke)
        canvas.concatenate(matrix)
        if is_bolder:
            canvas.write(f"{plain(text.bolder(setting))} w 1 j")
        elif stroke is not None:
            _set_line(canvas, style)
        mode = {(True, False): 0, (False, True): 1, (True, True): 2}.get(
            (fill is not None, stroke is not None), 3
        )
        text.write(canvas, letters, setting, mode)

    def _note(
        self, element: Element, letters: list[text.Glyph], setting: text.Lettering, matrix: Matrix
    ) -> None:
        identifier = element.get("ID")
        if identifier and identifier not in self.seen.texts and len(self.seen.texts) < 200_000:
            self.seen.texts[identifier] = text.said(letters)
            around = text.extent(letters, setting.size, matrix)
            if around is not None:
                self.seen.places[identifier] = around

    # pictures

    def _image(
        self, canvas: Canvas, resources: Resources, element: Element, outer: Matrix, style: Style
    ) -> None:
        made = self._picture(resources, element)
        place, matrix = _placed(element, outer)
        if element.get("CTM") is None:
            matrix = times((place[2], 0.0, 0.0, place[3], 0.0, 0.0), matrix)
        self.picture(canvas, made, matrix, alpha_of(element))
        self._border(canvas, resources, element, place, outer)

    def picture(self, canvas: Canvas, made: Picture, matrix: Matrix, opacity: float = 1.0) -> None:
        """A picture over the unit square of a space that looks down."""
        canvas.opacity(opacity)
        if not made.is_opaque:
            self.book.has_transparency = True
        canvas.concatenate(times((1.0, 0.0, 0.0, -1.0, 0.0, 1.0), matrix))
        name = f"/I{made.stream.objgen[0]}"
        canvas.write(f"{canvas.use('/XObject', name, made.stream)} Do")

    def _picture(self, resources: Resources, element: Element) -> Picture:
        """The picture of an object, or what it names in its place. Raises FileBroken."""
        mask = self._media(resources, element.get("ImageMask"))
        failure: FileRefused | None = None
        for name in ("ResourceID", "Substitution"):
            path = self._media(resources, element.get(name))
            if path is None:
                continue
            key = f"{self._package.label}{path}|{mask or ''}"
            if key in self.book.images:
                found: Picture = self.book.images[key]
                return found
            try:
                data = self._package.read(path)
                covering = self._package.read(mask) if mask else None
                made = self.book.images[key] = images.picture(self.book.document, data, covering)
            except FileRefused as error:
                failure = error
                continue
            return made
        raise failure or KeyError("no such picture")

    @staticmethod
    def _media(resources: Resources, identifier: str | None) -> str | None:
        entry = resources.entry("MultiMedia", identifier)
        return resources.file(entry, "MediaFile") if entry else None

    def _border(
        self, canvas: Canvas, resources: Resources, element: Element, place: Box, outer: Matrix
    ) -> None:
        """The frame around a picture (GB/T 33190, 10)."""
        border = element.find("Border")
        width = number_of(border, "LineWidth", _LINE) if border is not None else 0.0
        if border is None or width <= 0:
            return
        scene = Scene(times(moved(place[0], place[1]), outer), self._page, (0, 0, place[2], place[3]))
        colour = border.find("BorderColor")
        stroke = self._paint(canvas, resources, colour, scene)
        if stroke is None:
            return
        canvas.write("Q", "q", stroke.operator(is_stroke=True), f"{operand(outer)} cm")
        _set_line(canvas, Style((border,)))
        canvas.write(written(rectangle(place)), "S")

    # vector units

    def _unit(
        self, canvas: Canvas, resources: Resources, element: Element, outer: Matrix, style: Style
    ) -> None:
        found = resources.unit(element.get("ResourceID"))
        if found is None:
            raise KeyError("no such unit")
        if self._units >= MOST_UNITS:
            raise ValueError("units too deep")
        content, width, height = found
        _, matrix = _placed(element, outer)
        opacity = alpha_of(element)
        target = canvas if opacity >= 1 else Canvas(self.book, canvas.box)
        self._units += 1
        try:
            if width > 0 and height > 0:
                target.write(written(rectangle((0, 0, width, height)), matrix), "W n")
            self.block(target, resources, content, matrix, style)
        finally:
            self._units -= 1
        if target is not canvas:
            canvas.opacity(opacity)
            name = canvas.use("/XObject", self.book.name("X"), target.form(is_group=True))
            canvas.write(f"{name} Do")


def _placed(element: Element, outer: Matrix) -> tuple[Box, Matrix]:
    """An object's box, and the matrix from its inner space to that of the stream."""
    place = box(element.get("Boundary")) or (0.0, 0.0, 0.0, 0.0)
    inner = matrix_of(element.get("CTM")) if element.get("CTM") is not None else IDENTITY
    return place, times(times(inner, moved(place[0], place[1])), outer)


def _set_line(canvas: Canvas, style: Style) -> None:
    """The line's width, ends, corners and dashes (GB/T 33190, 8.2)."""
    canvas.write(f"{plain(max(0.0, style.number('LineWidth', _LINE)))} w")
    cap = _CAPS.get((style.text("Cap") or "").strip().capitalize(), 0)
    join = _JOINS.get((style.text("Join") or "").strip().capitalize(), 0)
    canvas.write(f"{cap} J {join} j {plain(max(1.0, style.number('MiterLimit', 3.528)))} M")
    dashes = style.dashes()
    if dashes:
        offset = max(0.0, style.number("DashOffset", 0))
        canvas.write(f"[{' '.join(map(plain, dashes))}] {plain(offset)} d")
