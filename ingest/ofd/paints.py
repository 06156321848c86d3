"""What areas and lines are painted with: a colour, a gradient, or a pattern of objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pikepdf import Array, Dictionary, Name, Stream

from ingest.ofd import shadings
from ingest.ofd.canvas import Canvas
from ingest.ofd.colours import BLACK, RGB, alpha_of, index_of
from ingest.ofd.geometry import Matrix, matrix_of, operand, plain, times
from ingest.ofd.markup import Box, Element, number_of
from ingest.ofd.resources import Resources

if TYPE_CHECKING:
    from ingest.ofd.drawing import Painter

_SMALLEST_CELL: Final = 0.1
"""Millimetres: what repeats in smaller steps than a tenth is dust, and takes a viewer hours."""


@dataclass(frozen=True)
class Paint:
    """How to set a paint: the operands that name it, its opacity, and a mask where that differs by place."""

    operands: str
    opacity: float
    mask: Stream | None = None

    def operator(self, is_stroke: bool) -> str:
        """The operators that choose it."""
        if self.operands.startswith("/"):
            return f"/Pattern {'CS' if is_stroke else 'cs'} {self.operands} {'SCN' if is_stroke else 'scn'}"
        return f"{self.operands} {'RG' if is_stroke else 'rg'}"


PLAIN_BLACK: Final = Paint("0 0 0", 1.0)


@dataclass(frozen=True)
class Scene:
    """Where an object stands: the matrices of its space and of the page's to the stream, and its extent."""

    matrix: Matrix
    page: Matrix
    reach: Box


def paint(
    painter: Painter, canvas: Canvas, resources: Resources, element: Element, scene: Scene
) -> Paint | None:
    """The paint of a FillColor or StrokeColor; None for one that paints nothing."""
    opacity = alpha_of(element)
    pattern = element.find("Pattern")
    if pattern is not None:
        name = _tiling(painter, canvas, resources, pattern, scene)
        return Paint(name, opacity) if name else None
    for kind in shadings.KINDS:
        inner = element.find(kind)
        if inner is not None:
            return _shaded(canvas, resources, inner, scene, opacity)
    rgb = colour(resources, element)
    return Paint(" ".join(map(plain, rgb[0])), rgb[1]) if rgb[1] > 0 else None


def colour(resources: Resources, element: Element) -> tuple[RGB, float]:
    """A plain colour and its opacity; one that says nothing is black."""
    space = resources.space(element.get("ColorSpace"))
    return space.rgb(element.get("Value") or "", index_of(element)) or BLACK, alpha_of(element)


def _shaded(
    canvas: Canvas, resources: Resources, element: Element, scene: Scene, opacity: float
) -> Paint | None:
    document = canvas.book.document
    made = shadings.gradient(document, element, lambda one: colour(resources, one), scene.reach)
    if made is None:
        first = next(element.iter("Color"), None)
        rgb, own = colour(resources, first) if first is not None else (BLACK, 0.0)
        return Paint(" ".join(map(plain, rgb)), own * opacity) if own > 0 else None
    matrix = times(made.matrix, scene.matrix)
    pattern = Dictionary(Type=Name.Pattern, PatternType=2, Shading=made.shading, Matrix=_written(matrix))
    name = canvas.use("/Pattern", canvas.book.name("P"), document.make_indirect(pattern))
    mask = None
    if made.mask is not None:
        inner = Canvas(canvas.book, canvas.box)
        inner.concatenate(matrix)
        inner.write(f"{inner.use('/Shading', canvas.book.name('S'), made.mask)} sh")
        mask = inner.form(is_group=True)
        mask.Group.CS = Name.DeviceGray
    return Paint(name, opacity * made.opacity, mask)


def _tiling(
    painter: Painter, canvas: Canvas, resources: Resources, element: Element, scene: Scene
) -> str | None:
    """A pattern of repeated objects (GB/T 33190, 8.3.3) as a tiling pattern; its name."""
    width, height = number_of(element, "Width", 0), number_of(element, "Height", 0)
    content = element.find("CellContent")
    if width < _SMALLEST_CELL or height < _SMALLEST_CELL or content is None:
        return None
    across = max(number_of(element, "XStep", width), width)
    down = max(number_of(element, "YStep", height), height)
    reflection = (element.get("ReflectMethod") or "Normal").strip()
    columns = 2 if reflection in ("Row", "RowAndColumn") else 1
    rows = 2 if reflection in ("Column", "RowAndColumn") else 1
    cell = Canvas(canvas.book, (0.0, 0.0, width, height))
    painter.block(cell, resources, content, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0))
    base = scene.page if (element.get("RelativeTo") or "").strip() == "Page" else scene.matrix
    made = Stream(canvas.book.document, _mirrored(cell, columns, rows, across, down))
    made.Type, made.PatternType, made.PaintType, made.TilingType = Name.Pattern, 1, 1, 1
    made.BBox = Array([0, 0, round(across * (columns - 1) + width, 4), round(down * (rows - 1) + height, 4)])
    made.XStep, made.YStep = round(across * columns, 4), round(down * rows, 4)
    made.Resources = cell.resources()
    made.Matrix = _written(times(matrix_of(element.get("CTM")), base))
    return canvas.use("/Pattern", canvas.book.name("P"), canvas.book.document.make_indirect(made))


def _mirrored(cell: Canvas, columns: int, rows: int, across: float, down: float) -> bytes:
    """The cell's content, beside it mirrored where the pattern reflects."""
    _, _, width, height = cell.box
    if columns == rows == 1:
        return cell.content()
    parts = []
    for column in range(columns):
        for row in range(rows):
            matrix = (
                -1.0 if column else 1.0, 0.0, 0.0, -1.0 if row else 1.0,
                across + width if column else 0.0, down + height if row else 0.0,
            )  # fmt: skip
            parts += [f"q {operand(matrix)} cm".encode(), cell.content(), b"Q"]
    return b"\n".join(parts)


def _written(matrix: Matrix) -> Any:
    return Array([round(value, 6) for value in matrix])
