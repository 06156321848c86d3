"""Named anchors of a document: destinations that its template named, and form fields of that name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from core.errors import VermilionError
from signing.errors import AnchorNotFound, SigningRefused
from signing.fields import Placement
from signing.pages import Leaf, leaves, rectangle
from signing.pdf_reader import Reader
from signing.source import Pdf, Source

_MOST: Final = 20_000
_DEEPEST: Final = 30


def find(pdf: Pdf, name: str) -> Placement:
    """The middle of a seal at an anchor. Raises AnchorNotFound, SigningRefused."""
    with Source.at(pdf) as source:
        return _find(source, name)


def _find(source: Source, name: str) -> Placement:
    try:
        reader = Reader(source)
        pages = leaves(reader.root)
        place = _field(pages, name) or _destination(reader.root, pages, name)
    except VermilionError:
        raise
    except Exception as error:  # a stranger's file raises whatever it likes
        raise SigningRefused(reason=f"{type(error).__name__}: {error}"[:160]) from error
    if place is None:
        raise AnchorNotFound(field="placements", anchor=name)
    return place


def _field(pages: list[Leaf], name: str) -> Placement | None:
    """An empty form field of the name; the seal stands over its middle."""
    for number, leaf in enumerate(pages, 1):
        found = leaf.page["/Annots"] if "/Annots" in leaf.page else ()  # noqa: SIM401 (get does not resolve)
        for reference in list(found)[:_MOST]:
            field = reference.get_object()
            if "/T" in field and str(field["/T"]) == name and "/V" not in field and "/Rect" in field:
                left, top, right, bottom = leaf.frame.shown(rectangle(field["/Rect"]))
                return Placement(number, (left + right) / 2, (top + bottom) / 2)
    return None


def _destination(root: Any, pages: list[Leaf], name: str) -> Placement | None:
    """A named destination (ISO 32000-1, 12.3.2.3) with a point; the seal's middle stands at the point."""
    for key, value in _named(root):
        if key != name:
            continue
        target = value["/D"] if hasattr(value, "keys") and "/D" in value else value
        page = target[0]
        for number, leaf in enumerate(pages, 1):
            if leaf.page.container_ref != page.container_ref:
                continue
            left, _, _, top = leaf.frame.visible
            x, y = left, top
            if str(target[1]) == "/XYZ":
                x = float(target[2]) if _is_number(target[2]) else left
                y = float(target[3]) if _is_number(target[3]) else top
            shown = leaf.frame.shown((x, y, x, y))
            return Placement(number, shown[0], shown[1])
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _named(root: Any) -> Iterator[tuple[str, Any]]:
    if "/Dests" in root:
        for key in list(root["/Dests"])[:_MOST]:
            yield str(key).lstrip("/"), root["/Dests"][key]
    names = root["/Names"] if "/Names" in root else {}  # noqa: SIM401 (get does not resolve)
    if "/Dests" not in names:
        return
    waiting, visited = [(names["/Dests"], 0)], 0
    while waiting and visited < _MOST:
        node, depth = waiting.pop()
        visited += 1
        if "/Names" in node:
            pairs = node["/Names"]
            for index in range(0, min(len(pairs) - 1, 2 * _MOST), 2):
                yield str(pairs[index]), pairs[index + 1]
        if "/Kids" in node and depth < _DEEPEST:
            waiting += [(kid.get_object(), depth + 1) for kid in node["/Kids"]]
