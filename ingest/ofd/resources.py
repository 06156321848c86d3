"""What objects refer to by number: fonts, pictures, parameters of drawing, colour spaces, vector units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ingest.errors import FileRefused
from ingest.ofd.colours import DEVICE, Space, space_of
from ingest.ofd.fonts import Face, Font, Shelf, Unusable
from ingest.ofd.markup import Element, children, is_true, number, number_of, numbers, said
from ingest.ofd.package import Package, folder

_KINDS: Final = ("Font", "MultiMedia", "DrawParam", "ColorSpace", "CompositeGraphicUnit")
_MOST_RELATIVES: Final = 16
_MOST_DASHES: Final = 64


@dataclass(frozen=True)
class Entry:
    """An element of a Res file, and the folders in which its files lie, the nearest first."""

    element: Element
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Style:
    """How lines and areas are drawn: an object's own attributes over those of its DrawParams."""

    sources: tuple[Element, ...] = ()
    """The nearest first."""

    def text(self, name: str) -> str | None:
        """The nearest value of an attribute."""
        for element in self.sources:
            value = element.get(name)
            if value is not None:
                return str(value)
        return None

    def number(self, name: str, otherwise: float) -> float:
        """The nearest number in an attribute."""
        found = number(self.text(name))
        return otherwise if found is None else found

    def dashes(self) -> list[float]:
        """The lengths of dashes and gaps; empty for a continuous line."""
        found = [max(0.0, length) for length in numbers(self.text("DashPattern"))[:_MOST_DASHES]]
        return found if sum(found) > 0.01 else []

    def colour(self, name: str) -> Element | None:
        """The nearest FillColor or StrokeColor."""
        for element in self.sources:
            found = element.find(name)
            if found is not None:
                return found
        return None


class Resources:
    """The resources of a document, or of a page over those of its document."""

    def __init__(self, package: Package, shelf: Shelf, below: Resources | None = None) -> None:
        self._package = package
        self._shelf = shelf
        self._below = below
        self._entries: dict[tuple[str, str], Entry] = {}
        self._fonts: dict[str, Font] = {}
        self.default_space: Space = below.default_space if below else DEVICE

    def load(self, paths: Iterable[str]) -> bool:
        """Take in Res files; whether all could be read."""
        is_sound = True
        for path in paths:
            try:
                root = self._package.tree(path)
            except FileRefused:
                is_sound = False
                continue
            here = folder(path)
            base = (root.get("BaseLoc") or "").strip().replace("\\", "/")
            inner = self._package_folder(here, base)
            for element in root.iter(*_KINDS):
                identifier = (element.get("ID") or "").strip()
                if identifier:
                    self._entries[(str(element.tag), identifier)] = Entry(element, (inner, here))
        return is_sound

    @staticmethod
    def _package_folder(here: str, base: str) -> str:
        return base.lstrip("/") if base.startswith("/") else f"{here}/{base}"

    def entry(self, kind: str, identifier: str | None) -> Entry | None:
        """A resource by its number."""
        if not identifier:
            return None
        found = self._entries.get((kind, identifier.strip()))
        return found or (self._below.entry(kind, identifier) if self._below else None)

    def file(self, entry: Entry, name: str) -> str | None:
        """The path of the file that a resource names in the child ``name``."""
        written = said(entry.element, name)
        return self._package.find(written, *entry.folders) if written else None

    def style(self, element: Element, outer: Style) -> Style:
        """The style of an object inside a layer or unit of the style ``outer``."""
        own = self._parameters(element.get("DrawParam"))
        return Style((element, *own, *outer.sources)[:64])

    def parameters(self, identifier: str | None) -> Style:
        """The style of a DrawParam alone."""
        return Style(tuple(self._parameters(identifier)))

    def _parameters(self, identifier: str | None) -> list[Element]:
        """A DrawParam and those it rests on (GB/T 33190, 8.2)."""
        found: list[Element] = []
        while identifier and len(found) < _MOST_RELATIVES:
            entry = self.entry("DrawParam", identifier)
            if entry is None or entry.element in found:
                break
            found.append(entry.element)
            identifier = entry.element.get("Relative")
        return found

    def space(self, identifier: str | None) -> Space:
        """A colour space; the document's own where none is named."""
        entry = self.entry("ColorSpace", identifier)
        return space_of(entry.element) if entry else self.default_space

    def font(self, identifier: str | None) -> Font:
        """A font; one that is not there, or broken, is replaced by its likeness."""
        key = (identifier or "").strip()
        if key not in self._fonts:
            if self._below and ("Font", key) not in self._entries:
                self._fonts[key] = self._below.font(key)
            else:
                self._fonts[key] = self._opened(self.entry("Font", key))
        return self._fonts[key]

    def _opened(self, entry: Entry | None) -> Font:
        if entry is None:
            return Font(self._shelf.substitutes(""))
        element = entry.element
        name = element.get("FontName") or ""
        names = f"{name} {element.get('FamilyName') or ''}"
        others = self._shelf.substitutes(names, is_true(element.get("Serif"), otherwise=False))
        own = self._own_face(entry, name)
        lower = names.lower()
        return Font(
            (own, *others) if own else others,
            is_bold=is_true(element.get("Bold"), "bold" in lower or "粗" in lower),
            is_italic=is_true(element.get("Italic"), "italic" in lower),
        )

    def _own_face(self, entry: Entry, name: str) -> Face | None:
        path = self.file(entry, "FontFile")
        if path is None:
            return None
        key = self._package.label + path
        known = self._shelf.known(key)
        if known is not None:
            return known
        try:
            return self._shelf.embedded(key, self._package.read(path), name)
        except (Unusable, FileRefused, ValueError, IndexError, ArithmeticError):
            return None

    def unit(self, identifier: str | None) -> tuple[Element, float, float] | None:
        """A vector unit: its content, width and height."""
        entry = self.entry("CompositeGraphicUnit", identifier)
        content = entry.element.find("Content") if entry else None
        if entry is None or content is None:
            return None
        element = entry.element
        return content, number_of(element, "Width", 0), number_of(element, "Height", 0)


def named_files(package: Package, root: Element | None, name: str, *bases: str) -> list[str]:
    """The paths in the direct children ``name``, those that exist."""
    found = (package.find(str(one.text or ""), *bases) for one in children(root, name))
    return [path for path in found if path]
