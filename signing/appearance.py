"""How a signature looks in its field: compressed vector content, no font, no opacity tricks."""

from __future__ import annotations

import zlib

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import PdfContent, ResourceType
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import (
    AxisAlignment,
    BoxConstraints,
    InnerScaling,
    Margins,
    SimpleBoxLayoutRule,
)
from pyhanko.stamp import StaticStampStyle

from signing import glyphs
from signing.fields import SignatureBlock

_INK = "0.10 0.16 0.42"
_FAINT = "0.45 0.48 0.58"
_RED = "0.78 0.06 0.18"


class _Drawing(PdfContent):
    """Vector operators as one Flate-compressed form XObject (pyHanko leaves them uncompressed)."""

    def __init__(self, operators: bytes, width: float, height: float) -> None:
        super().__init__(box=BoxConstraints(width, height))
        self._compressed = zlib.compress(operators, 9)
        self._size = (width, height)

    def render(self) -> bytes:
        writer = self.writer
        if writer is None:
            raise RuntimeError("the drawing belongs to no file yet")
        bounds = [generic.FloatObject(round(value, 3)) for value in (0, 0, *self._size)]
        form = generic.StreamObject(
            {
                pdf_name("/Type"): pdf_name("/XObject"),
                pdf_name("/Subtype"): pdf_name("/Form"),
                pdf_name("/BBox"): generic.ArrayObject(bounds),
                pdf_name("/Filter"): pdf_name("/FlateDecode"),
            },
            encoded_data=self._compressed,
        )
        self.set_resource(ResourceType.XOBJECT, pdf_name("/Drawing"), writer.add_object(form))
        return b"/Drawing Do"


def style(operators: bytes, width: float, height: float) -> StaticStampStyle:
    """A pyHanko stamp style that shows ``operators`` (drawn in 0 0 width height) filling the field."""
    rule = SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MID,
        y_align=AxisAlignment.ALIGN_MID,
        margins=Margins(0, 0, 0, 0),
        inner_content_scaling=InnerScaling.STRETCH_TO_FIT,
    )
    return StaticStampStyle(
        border_width=0,
        background=_Drawing(operators, width, height),
        background_layout=rule,
        background_opacity=1.0,
    )


def block_style(block: SignatureBlock, width: float, height: float) -> StaticStampStyle:
    """The visible signature of a person: decision, comment, name with position, and time.

    ``width`` and ``height`` are the field's, in points. Every line is cut to fit.
    """
    return style(block_operators(block, width, height).encode(), width, height)


def block_operators(block: SignatureBlock, width: float, height: float) -> str:
    """PDF operators of a signature block, for a field of this size in points."""
    inset = max(3.0, min(width, height) * 0.08)
    room = width - 2 * inset
    unit = min((height - 2 * inset) / 4.8, width / 13)
    large, small = unit * 1.15, unit * 0.82
    top = height - inset
    parts = [f"q {_RED} rg 0 {inset:.2f} 1.6 {height - 2 * inset:.2f} re f"]

    decision = glyphs.drawable(block.decision)
    baseline = top - large
    parts.append(f"{_RED} rg {glyphs.line(decision, inset + 2, baseline, large)}")
    used = glyphs.width(decision, large) + large * 0.8
    comment = glyphs.drawable(block.comment)
    parts.append(f"{_INK} rg")
    if comment:
        first = _prefix(comment, small, room - used)
        parts.append(glyphs.line(first, inset + 2 + used, baseline, small))
        rest = glyphs.fitted(comment[len(first) :], small, room - 2)
        parts.append(glyphs.line(rest, inset + 2, baseline - unit * 1.15, small))
    name = glyphs.drawable(block.name)
    who = baseline - unit * 2.5
    parts.append(glyphs.line(glyphs.fitted(name, large, room), inset + 2, who, large))
    position = glyphs.drawable(block.position)
    left = room - glyphs.width(name, large) - large * 0.6
    if position and left > small * 2:
        x = inset + 2 + glyphs.width(name, large) + large * 0.6
        parts.append(glyphs.line(glyphs.fitted(position, small, left), x, who, small))
    when = block.signed_at.strftime("%Y-%m-%d %H:%M:%S %z")
    when = f"{when[:-2]}:{when[-2:]}"
    parts.append(
        f"{_FAINT} rg {glyphs.line(glyphs.fitted(when, small, room), inset + 2, inset * 0.9, small)} Q"
    )
    return "\n".join(parts)


def _prefix(text: str, size: float, room: float) -> str:
    """As much of ``text`` as fits into ``room``."""
    count = len(text)
    while count > 0 and glyphs.width(text[:count], size) > room:
        count -= 1
    return text[:count]
