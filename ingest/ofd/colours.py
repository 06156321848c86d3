"""Colours (GB/T 33190, 8.3): every space ends as sRGB, which the PDF's output intent is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from ingest.ofd.markup import Element, number, number_of, numbers

RGB = tuple[float, float, float]
"""0 to 1."""

BLACK: Final[RGB] = (0.0, 0.0, 0.0)
_HEX: Final = re.compile(r"#([0-9A-Fa-f]{1,2})\b")
_COMPONENTS: Final = {"GRAY": 1, "RGB": 3, "CMYK": 4}
MOST_PALETTE: Final = 65_536


@dataclass(frozen=True)
class Space:
    """A colour space of the resources. An ICC profile in it refines the same components; it is not used."""

    kind: str = "RGB"
    bits: int = 8
    palette: tuple[str, ...] = field(default=())

    def rgb(self, value: str, index: int | None) -> RGB | None:
        """A colour by its components, or by its place in the palette; None when it is neither."""
        if not value and index is not None and 0 <= index < len(self.palette):
            value = self.palette[index]
        components = (
            [float(int(part, 16)) for part in _HEX.findall(value)] if "#" in value else numbers(value)
        )
        kind = self.kind
        if len(components) < _COMPONENTS[kind]:
            if not components:
                return None
            kind = "GRAY" if len(components) < 3 else "RGB"
        whole = float((1 << self.bits) - 1)
        parts = [max(0.0, min(1.0, part / whole)) for part in components]
        if kind == "GRAY":
            return parts[0], parts[0], parts[0]
        if kind == "RGB":
            return parts[0], parts[1], parts[2]
        cyan, magenta, yellow, black = parts[:4]
        return (1 - cyan) * (1 - black), (1 - magenta) * (1 - black), (1 - yellow) * (1 - black)


DEVICE: Final = Space()


def space_of(element: Element) -> Space:
    """A ColorSpace of the resources."""
    kind = (element.get("Type") or "RGB").strip().upper()
    bits = int(number_of(element, "BitsPerComponent", 8))
    palette = [str(one.text or "").strip() for one in element.iter("CV")]
    return Space(
        kind if kind in _COMPONENTS else "GRAY" if kind == "GREY" else "RGB",
        bits if bits in (1, 2, 4, 8, 16) else 8,
        tuple(palette[:MOST_PALETTE]),
    )


def alpha_of(element: Element) -> float:
    """The opacity of a colour or an object, 0 to 1."""
    return max(0.0, min(1.0, number_of(element, "Alpha", 255) / 255))


def index_of(element: Element) -> int | None:
    """The place in the palette that a colour names."""
    found = number(element.get("Index"))
    return None if found is None else int(found)
