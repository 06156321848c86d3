"""Walking through everything that draws: pages, form XObjects, patterns, Type 3 glyphs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from ingest.errors import FileBroken

MOST_STREAMS: Final = 50_000
_NAMES: Final = {
    "Do": "/XObject",
    "gs": "/ExtGState",
    "Tf": "/Font",
    "cs": "/ColorSpace",
    "CS": "/ColorSpace",
    "sh": "/Shading",
    "scn": "/Pattern",
    "SCN": "/Pattern",
    "BDC": "/Properties",
    "DP": "/Properties",
}
"""Where an operator's name is looked up."""


@dataclass(frozen=True)
class Drawing:
    """Something with content and resources: ``holder`` is a page, a form, a pattern or a glyph."""

    holder: Any
    resources: Any
    is_page: bool

    def instructions(self) -> list[Any]:
        """Operators with their operands. Raises pikepdf.PdfError."""
        return list(pikepdf.parse_content_stream(self.holder))

    def rewrite(self, document: pikepdf.Pdf, instructions: list[Any]) -> None:
        data = pikepdf.unparse_content_stream(instructions)
        if self.is_page:
            self.holder.Contents = document.make_stream(data)
        else:
            self.holder.write(data)


def drawings(document: pikepdf.Pdf) -> Iterator[Drawing]:
    """Every drawing that can be reached from a page, once; resources are made explicit on the way.

    A form without resources of its own draws with those of whoever uses it (ISO 32000-1, 7.8.3), which
    PDF/A-2 does not allow (6.2.2): it gets them as its own.
    """
    seen: set[tuple[int, int]] = set()
    for page in document.pages:
        resources = page.resources
        page.obj.Resources = resources
        yield Drawing(page.obj, resources, True)
        stack: list[Any] = [resources]
        while stack:
            around = stack.pop()
            for holder in _inside(around):
                if holder.objgen in seen and holder.objgen != (0, 0):
                    continue
                seen.add(holder.objgen)
                if len(seen) > MOST_STREAMS:
                    raise FileBroken(reason=f"more than {MOST_STREAMS} drawings")
                own = _own_resources(holder, around)
                stack.append(own)
                if isinstance(holder, Stream):
                    yield Drawing(holder, own, False)
                else:  # a Type 3 font
                    glyphs = _values(holder.get("/CharProcs"))
                    yield from (Drawing(one, own, False) for one in glyphs if isinstance(one, Stream))


def _own_resources(holder: Any, around: Any) -> Any:
    """The resources of a form, or of a Type 3 font; what it takes from around becomes its own.

    Only what it names: a form that lists itself is taken for one that draws itself without end.
    """
    if isinstance(holder.get("/Resources"), Dictionary):
        return holder.Resources
    own = Dictionary()
    drawn = [holder] if isinstance(holder, Stream) else _values(holder.get("/CharProcs"))
    for stream in (one for one in drawn if isinstance(one, Stream)):
        for instruction in pikepdf.parse_content_stream(stream):
            category = _NAMES.get(str(instruction.operator))
            if category is None:
                continue
            for name in instruction.operands:
                listed = around.get(category)
                if isinstance(name, Name) and isinstance(listed, Dictionary) and name in listed:
                    if category not in own:
                        own[category] = Dictionary()
                    own[category][name] = listed[name]
    holder.Resources = own
    return holder.Resources


def _values(item: Any) -> list[Any]:
    return [item[key] for key in item.keys()] if isinstance(item, Dictionary) else []  # noqa: SIM118


def _inside(resources: Any) -> list[Any]:
    """Forms, tiling patterns, soft masks and Type 3 fonts in resources."""
    found: list[Any] = [
        one
        for one in _values(resources.get("/XObject"))
        if isinstance(one, Stream) and str(one.get("/Subtype", "")) == "/Form"
    ]
    found += [one for one in _values(resources.get("/Pattern")) if isinstance(one, Stream)]
    for state in states(resources):
        mask = state.get("/SMask")
        if isinstance(mask, Dictionary) and isinstance(mask.get("/G"), Stream):
            found.append(mask.G)
    found += [one for one in fonts_of(resources) if str(one.get("/Subtype", "")) == "/Type3"]
    return found


def states(resources: Any) -> list[Any]:
    """Graphics states, those of shading patterns too."""
    found: list[Any] = [one for one in _values(resources.get("/ExtGState")) if isinstance(one, Dictionary)]
    for pattern in _values(resources.get("/Pattern")):
        if isinstance(pattern, Dictionary) and isinstance(pattern.get("/ExtGState"), Dictionary):
            found.append(pattern.ExtGState)
    return found


def fonts_of(resources: Any) -> list[Any]:
    """Font dictionaries, those that a graphics state sets too."""
    found: list[Any] = [one for one in _values(resources.get("/Font")) if isinstance(one, Dictionary)]
    for state in states(resources):
        font = state.get("/Font")
        if isinstance(font, Array) and len(font) and isinstance(font[0], Dictionary):
            found.append(font[0])
    return found


def images_of(resources: Any) -> list[Any]:
    """Images with their masks."""
    found: list[Any] = []
    for one in _values(resources.get("/XObject")):
        if isinstance(one, Stream) and str(one.get("/Subtype", "")) == "/Image":
            found.append(one)
            found += [one[key] for key in ("/SMask", "/Mask") if isinstance(one.get(key), Stream)]
    return found
