"""What a document uses, and by what way: pages, their content, fonts and annotations, the form, its fields.

Learnt once for the first signed revision, and then only for what later revisions add.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic

from signing.verification.finding import Found, Signature, fields, pages
from signing.verification.objects import File, items, references


@dataclass(frozen=True)
class Label:
    """By what way the document uses an object; ``page`` counts from 1."""

    kind: str
    page: int | None = None
    name: str | None = None


@dataclass
class Field:
    """A field as the revisions so far have it."""

    name: str
    kind: str | None
    is_signed: bool
    is_terminal: bool
    page: int | None = None


class Usage:
    """The parts of a document that are in use, by number. ``first`` is the revision to begin with."""

    def __init__(self, found: Found, first: int) -> None:
        self._file: File = found.file
        self._found = found
        self._revision = first
        self._labels: dict[int, Label] = {}
        self._kinds: dict[int, set[str]] = {}
        self._pages: dict[int, int] = {}
        self._fields: dict[int, Field] = {}
        self._boxes: dict[int, list[tuple[tuple[float, ...], str]]] = {}
        self._waiting: list[int] = []
        self._by_end: dict[int, list[Signature]] = {}
        for one in found.signatures:
            self._by_end.setdefault(one.revision, []).append(one)
        self._learn()

    # what the document is made of

    def _learn(self) -> None:
        file, revision = self._file, self._revision
        for place, (number, _page) in enumerate(pages(file, revision), start=1):
            if number is not None:
                self._pages.setdefault(number, place)
        for node in fields(file, revision):
            if node.number is not None:
                signed = file.get(node.value, "/V", revision) is not None
                self._fields[node.number] = Field(node.name, node.kind, signed, node.is_terminal)
        root = file.trailer("/Root", revision)
        self._use(root, Label("catalog"))
        self._walk()
        self._note_boxes(revision)
        for key in ("/Info", "/Encrypt"):
            self._use(file.trailer(key, revision), Label("information" if key == "/Info" else "trailer"))
        self._walk()

    def _use(self, value: Any, label: Label) -> None:
        """Note that the document uses what a value refers to."""
        for reference in references(value):
            self._note(reference.idnum, label)

    def _note(self, number: int, label: Label) -> None:
        self._kinds.setdefault(number, set()).add(label.kind)
        if number not in self._labels:
            if number in self._pages:
                label = Label("page", self._pages[number])
            elif number in self._fields:
                label = Label("field", label.page, self._fields[number].name)
            self._labels[number] = label
            self._waiting.append(number)

    def _walk(self) -> None:
        """Follow everything that is in use."""
        while self._waiting:
            number = self._waiting.pop()
            value = self._file.value(number, self._revision)
            if value is not None:
                self._spread(number, value, self._labels[number])

    def _spread(self, number: int, value: Any, label: Label) -> None:
        if not isinstance(value, generic.DictionaryObject):
            self._use(value, label)
            return
        for key, part in dict.items(value):
            self._use(part, self._label_of(key, part, value, label))

    def _label_of(self, key: str, part: Any, holder: Any, label: Label) -> Label:
        kind = label.kind
        if kind == "catalog":
            known = {"/Pages": "pages", "/AcroForm": "form", "/DSS": "dss", "/Metadata": "metadata"}
            return Label(known.get(key, "catalog-entry"), None, key)
        if kind == "form":
            return Label("fields" if key == "/Fields" else "form-entry", None, key)
        if kind == "page":
            known = {"/Annots": "annotations", "/Contents": "content", "/Resources": "resources"}
            return Label(known.get(key, "page"), label.page, key)
        if kind == "field" and key == "/AP":
            return Label("appearance", label.page, label.name)
        if kind == "field" and key == "/V":
            return Label("value", label.page, label.name)
        if kind in ("resources", "content"):
            said = {"/Font": "font", "/XObject": "image"}.get(key)
            return Label(said, label.page) if said else label
        return label

    def _note_boxes(self, revision: int) -> None:
        """Where signatures are seen on each page, so that none covers another one later."""
        for number, place in self._pages.items():
            page = self._file.value(number, revision)
            for one in items(self._file.get(page, "/Annots", revision)):
                owner = getattr(one, "idnum", None)
                if owner in self._fields:
                    self._fields[owner].page = place
                box = box_of(self._file, self._file.resolve(one, revision), revision)
                if box is not None and owner in self._fields:
                    self._boxes.setdefault(place, []).append((box, self._fields[owner].name))

    def _follow(self, changed: list[int]) -> None:
        """What the document uses now, because of what was added."""
        for number in changed:
            if number in self._labels:
                value = self._file.value(number, self._revision)
                if value is not None:
                    self._spread(number, value, self._labels[number])
        self._walk()


def box_of(file: File, value: Any, revision: int) -> tuple[float, ...] | None:
    """The rectangle in which something is seen; None for what is invisible."""
    try:
        edges = [float(file.resolve(one, revision)) for one in items(file.get(value, "/Rect", revision))]
    except (TypeError, ValueError):
        return None
    if len(edges) != 4:
        return None
    left, bottom = min(edges[0], edges[2]), min(edges[1], edges[3])
    right, top = max(edges[0], edges[2]), max(edges[1], edges[3])
    return (left, bottom, right, top) if right - left > 0 and top - bottom > 0 else None
