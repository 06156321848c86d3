"""PDF content while it is written: operators, and the resources that they name (ISO 32000-1, 7.8)."""

from __future__ import annotations

from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from ingest.errors import FileBroken
from ingest.ofd.fonts import Face, Shelf
from ingest.ofd.geometry import Matrix, operand, plain

MOST_CONTENT: Final = 192 * 1024**2
MOST_OBJECTS: Final = 3_000_000


class TooMuch(FileBroken):
    """The document asks for more drawing than any honest one: the whole file is refused."""


class Book:
    """One PDF that is being made, and what its pages share."""

    def __init__(self) -> None:
        self.document = pikepdf.new()
        self.shelf = Shelf(self.document)
        self.images: dict[str, Any] = {}
        self.has_transparency = False
        self._states: dict[tuple[tuple[str, str], ...], tuple[str, Any]] = {}
        self._names = 0
        self._content = 0
        self._objects = 0

    def name(self, letter: str) -> str:
        """A name for a resource that no other one has."""
        self._names += 1
        return f"/{letter}{self._names}"

    def state(self, **entries: str) -> tuple[str, Any]:
        """A graphics state of numbers and names, as PDF writes them, shared by all who ask for the same."""
        key = tuple(sorted(entries.items()))
        if key not in self._states:
            made = Dictionary({"/Type": Name.ExtGState})
            for entry, value in key:
                made["/" + entry] = Name(value) if value.startswith("/") else float(value)
            self._states[key] = (self.name("G"), self.document.make_indirect(made))
        self.has_transparency = True
        return self._states[key]

    def count_content(self, size: int) -> None:
        """Bound what is written in all. Raises TooMuch."""
        self._content += size
        if self._content > MOST_CONTENT:
            raise TooMuch(reason="more drawing than a document can hold")

    def count_object(self) -> None:
        """Bound how many objects are drawn in all: units that hold each other multiply. Raises TooMuch."""
        self._objects += 1
        if self._objects > MOST_OBJECTS:
            raise TooMuch(reason="more objects than a document can hold")


class Canvas:
    """One content stream over ``box`` (left, bottom, right, top in the stream's own space)."""

    def __init__(self, book: Book, box: tuple[float, float, float, float]) -> None:
        self.book = book
        self.box = box
        self._parts: list[str] = []
        self._resources: dict[str, Dictionary] = {}

    def write(self, *operators: str) -> None:
        """Add operators."""
        for one in operators:
            self.book.count_content(len(one) + 1)
            self._parts.append(one)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was drawn."""
        return not self._parts

    def concatenate(self, matrix: Matrix) -> None:
        """Draw in another space from here on."""
        self.write(f"{operand(matrix)} cm")

    def use(self, kind: str, name: str, thing: Any) -> str:
        """Enter a resource; returns its name."""
        entries = self._resources.setdefault(kind, Dictionary())
        if name not in entries:
            entries[name] = thing
        return name

    def font(self, face: Face) -> str:
        """The name of a face here."""
        if face.resource not in self._resources.get("/Font", {}):
            self.use("/Font", face.resource, self.book.shelf.dictionary(face))
        return face.resource

    def opacity(self, fill: float, stroke: float | None = None) -> None:
        """Draw through these opacities from here on."""
        stroke = fill if stroke is None else stroke
        if fill < 1 or stroke < 1:
            name, state = self.book.state(ca=plain(fill), CA=plain(stroke))
            self.write(f"{self.use('/ExtGState', name, state)} gs")

    def blend(self, mode: str) -> None:
        """Mix with what lies below from here on."""
        name, state = self.book.state(BM=mode)
        self.write(f"{self.use('/ExtGState', name, state)} gs")

    def masked(self, mask: Stream) -> None:
        """Draw through the brightness of a group from here on (ISO 32000-1, 11.6.5.3)."""
        made = Dictionary(Type=Name.ExtGState, SMask=Dictionary(Type=Name.Mask, S=Name.Luminosity, G=mask))
        self.book.has_transparency = True
        name = self.book.name("G")
        self.write(f"{self.use('/ExtGState', name, self.book.document.make_indirect(made))} gs")

    def resources(self) -> Dictionary:
        """What the operators name."""
        return Dictionary(self._resources)

    def content(self) -> bytes:
        """The operators."""
        return "\n".join(self._parts).encode("ascii", "replace")

    def mark(self) -> int:
        """Where the stream stands, to come back to with ``rewind``."""
        return len(self._parts)

    def rewind(self, mark: int) -> None:
        """Forget what was written since a mark."""
        del self._parts[mark:]

    def form(self, *, is_group: bool) -> Stream:
        """The stream as a form XObject."""
        made = Stream(self.book.document, self.content())
        made.Type, made.Subtype = Name.XObject, Name.Form
        made.BBox = Array([round(side, 4) for side in self.box])
        made.Resources = self.resources()
        if is_group:
            made.Group = Dictionary(Type=Name.Group, S=Name.Transparency, CS=Name.DeviceRGB)
            self.book.has_transparency = True
        return self.book.document.make_indirect(made)
