"""Invoices as PDFs, made two ways from one drawing: typeset with embedded fonts, and with content streams
written by hand whose fonts are not embedded, as the makers of Chinese invoices do.

``invoice_forms`` lays out what an ``InvoiceSpec`` says; here a drawing becomes a file. A ``Look`` says
what is unusual about it: the order of the texts, spaced labels, labels as a picture, rotation, a form
XObject.
"""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal

import pikepdf
import pylopdf_fonts_zh_cn
import pypdfium2
import segno
import typst
from pikepdf import Array, Dictionary, Name, Stream, String

Align = Literal["left", "right", "center"]


@dataclass(frozen=True)
class Text:
    """A text whose baseline is at ``y`` from the top; ``x`` is its left, right or middle. In points."""

    x: float
    y: float
    text: str
    size: float = 9
    align: Align = "left"
    is_label: bool = False

    @property
    def width(self) -> float:
        return self.size * sum(1.0 if ord(letter) > 0x2000 else 0.5 for letter in self.text)

    @property
    def left(self) -> float:
        return self.x - {"left": 0.0, "center": self.width / 2, "right": self.width}[self.align]


@dataclass
class Drawing:
    """One page: texts, rules (x0, y0, x1, y1) and a QR code (text, x, y, size)."""

    width: float
    height: float
    texts: list[Text] = field(default_factory=list)
    rules: list[tuple[float, float, float, float]] = field(default_factory=list)
    code: tuple[str, float, float, float] | None = None

    def write(self, x: float, y: float, text: str, size: float = 9, align: Align = "left") -> None:
        """A value."""
        if text:
            self.texts.append(Text(x, y, text, size, align))

    def label(self, x: float, y: float, text: str, size: float = 9, align: Align = "left") -> None:
        """What the form says."""
        self.texts.append(Text(x, y, text, size, align, is_label=True))

    def stack(self, x: float, y: float, text: str, step: float = 12, size: float = 9) -> None:
        """A label whose letters stand below each other."""
        for number, letter in enumerate(text):
            self.label(x, y + number * step, letter, size)

    def box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.rules += [(x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1)]


@dataclass(frozen=True)
class Look:
    """How a file differs from the plain one."""

    by_hand: bool = False
    """Content streams with fonts that are not embedded, else typeset."""
    encoding: str = "GBK-EUC-H"
    order: Literal["", "reversed", "shuffled", "letters"] = ""
    """Of the texts in the file; ``letters`` draws each letter on its own, lines from the bottom."""
    spaced_labels: bool = False
    labels_are_picture: bool = False
    rotate: int = 0
    """/Rotate of the page, whose content is turned so that it is shown upright."""
    is_sideways: bool = False
    """Shown lying on its side."""
    in_form: bool = False
    cropped: bool = False
    """A CropBox inside a larger MediaBox."""
    overprint: bool = False
    """Bold by printing twice, a little apart."""
    hidden: str = ""
    """Invisible text over the page, which nobody may read."""
    archived: bool = False
    """PDF/A-3b, typeset; what is attached is an associated file, as Factur-X wants it."""


def pdf(drawings: Sequence[Drawing], look: Look, attachments: Sequence[tuple[str, bytes]] = ()) -> bytes:
    """The drawings as pages of a file."""
    drawings = [_arranged(drawing, look) for drawing in drawings]
    if look.labels_are_picture:
        shown = [replace(one, texts=[text for text in one.texts if not text.is_label]) for one in drawings]
        data = _by_hand(shown, look) if look.by_hand else _typeset(shown)
        data = _with_pictures(data, drawings)
    else:
        data = _by_hand(drawings, look) if look.by_hand else _typeset(drawings, look.archived)
    return _finished(data, look, attachments)


def _arranged(drawing: Drawing, look: Look) -> Drawing:
    texts = list(drawing.texts)
    if look.spaced_labels:
        texts = [_spaced(text) if text.is_label else text for text in texts]
    if look.order == "reversed":
        texts.reverse()
    elif look.order == "shuffled":
        random.Random(7).shuffle(texts)
    elif look.order == "letters":
        texts = [letter for text in sorted(texts, key=lambda one: -one.y) for letter in _letters(text)]
    return replace(drawing, texts=texts)


def _spaced(text: Text) -> Text:
    """A label set apart, 发 票 号 码：, where there is room for it."""
    if not 2 <= len(text.text) <= 9 or not text.text.endswith(("：", ":")):
        return text
    bare = text.text.replace(" ", "")
    size = text.width / (1.5 * len(bare) - 0.5)
    return replace(text, x=text.left, align="left", text=" ".join(bare), size=round(size, 2))


def _letters(text: Text) -> list[Text]:
    found, x = [], text.left
    for letter in text.text:
        one = Text(x, text.y, letter, text.size, "left", text.is_label)
        found.append(one)
        x += one.width
    return found


@cache
def _fonts() -> list[str]:
    folder = Path(pylopdf_fonts_zh_cn.__file__).parent
    return sorted({str(path.parent) for path in folder.rglob("*.[ot]t[fc]")})


def _typeset(drawings: Sequence[Drawing], archived: bool = False) -> bytes:
    """By typst, with embedded fonts."""
    pages = []
    for drawing in drawings:
        parts = [f"#page(width: {drawing.width}pt, height: {drawing.height}pt, margin: 0pt)["]
        for text in drawing.texts:
            shift = {"left": 0, "center": 300, "right": 600}[text.align]
            at = f"dx: {text.x - shift:.2f}pt, dy: {text.y:.2f}pt"
            said = f"text(size: {text.size}pt, {_quoted(text.text)})"
            parts.append(
                f"#place(top + left, {at}, box(width: 600pt, height: 0pt, align({text.align}, {said})))"
            )
        parts += [
            f"#place(top + left, line(start: ({x0}pt, {y0}pt), end: ({x1}pt, {y1}pt), stroke: 0.5pt))"
            for x0, y0, x1, y1 in drawing.rules
        ]
        if drawing.code is not None:
            said, x, y, size = drawing.code
            out = io.BytesIO()
            segno.make(said, error="m").save(out, kind="svg", border=0)
            svg = _quoted(out.getvalue().decode())
            image = f'image(bytes({svg}), format: "svg", width: {size}pt)'
            parts.append(f"#place(top + left, dx: {x}pt, dy: {y}pt, {image})")
        pages.append("\n".join([*parts, "]"]))
    edges = 'top-edge: "baseline", bottom-edge: "baseline"'
    head = f'#set text(font: "Noto Sans SC", lang: "zh", cjk-latin-spacing: none, {edges})\n'
    source = head + "\n".join(pages)
    standards = ["a-3b"] if archived else []
    return typst.compile(
        source.encode(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        pdf_standards=standards,
        pdf_tags=False,
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _by_hand(drawings: Sequence[Drawing], look: Look) -> bytes:
    """Content streams; SimSun and its encoding are named, and nothing is embedded."""
    document = pikepdf.new()
    font = document.make_indirect(song(document, look.encoding))
    for drawing in drawings:
        document.add_blank_page(page_size=(drawing.width, drawing.height))
        page = document.pages[-1]
        content = _content(drawing, look)
        fonts = Dictionary(Font=Dictionary(F1=font))
        if look.in_form:
            form = Stream(document, content)
            form.Type, form.Subtype, form.Resources = Name.XObject, Name.Form, fonts
            form.BBox = Array([0, 0, drawing.width, drawing.height])
            form.Matrix = Array([0.5, 0, 0, 0.5, 0, 0])
            page.Resources = Dictionary(XObject=Dictionary(Fm0=document.make_indirect(form)))
            content = b"q 2 0 0 2 0 0 cm /Fm0 Do Q"
        else:
            page.Resources = fonts
        page.Contents = document.make_indirect(Stream(document, content))
    return _saved(document)


def song(document: pikepdf.Pdf, encoding: str) -> Dictionary:
    """SimSun as a composite font that is not embedded: half-width ASCII, full-width everything else."""
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name("/SimSun"),
        Flags=5,
        FontBBox=Array([-8, -145, 1000, 859]),
        ItalicAngle=0,
        Ascent=859,
        Descent=-141,
        CapHeight=683,
        StemV=80,
    )
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name("/SimSun"),
        CIDSystemInfo=Dictionary(Registry=String("Adobe"), Ordering=String("GB1"), Supplement=2),
        DW=1000,
        W=Array([1, 95, 500, 814, 939, 500, 7716, 7716, 500]),
        FontDescriptor=document.make_indirect(descriptor),
    )
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name("/SimSun"),
        Encoding=Name(f"/{encoding}"),
        DescendantFonts=Array([document.make_indirect(descendant)]),
    )


def _content(drawing: Drawing, look: Look) -> bytes:
    codec = "gbk" if look.encoding.startswith("GBK") else "utf-16-be"
    out = ["0.5 w 0.5 0 0 RG"]
    for x0, y0, x1, y1 in drawing.rules:
        out.append(f"{x0:.2f} {drawing.height - y0:.2f} m {x1:.2f} {drawing.height - y1:.2f} l S")
    if drawing.code is not None:
        said, left, top, size = drawing.code
        modules = list(segno.make(said, error="m").matrix)
        side = size / len(modules)
        for row, line in enumerate(modules):
            y = drawing.height - top - (row + 1) * side
            out += [
                f"{left + at * side:.3f} {y:.3f} {side:.3f} {side:.3f} re"
                for at, one in enumerate(line)
                if one
            ]
        out.append("f")
    for text in drawing.texts:
        # the sign before capitals is not in GBK: real makers draw it as a picture
        code = text.text.replace("⊗", "" if codec == "gbk" else "⊗").encode(codec).hex()
        shown = f"/F1 {text.size} Tf {text.left:.2f} {drawing.height - text.y:.2f} Td <{code}> Tj"
        out.append(f"BT {shown} ET")
        if look.overprint:
            out.append(f"1 0 0 1 0.25 0 cm BT {shown} ET 1 0 0 1 -0.25 0 cm")
    if look.hidden:
        code = look.hidden.encode(codec).hex()
        out.append(f"BT 3 Tr /F1 9 Tf 300 {drawing.height - 60:.2f} Td <{code}> Tj ET")
    return "\n".join(out).encode()


def _with_pictures(data: bytes, drawings: Sequence[Drawing]) -> bytes:
    """Labels and rules drawn as a picture under each page's values."""
    labels = [replace(one, texts=[text for text in one.texts if text.is_label]) for one in drawings]
    under = pypdfium2.PdfDocument(_typeset(labels))
    with pikepdf.open(io.BytesIO(data)) as document:
        for number, page in enumerate(document.pages):
            picture = under[number].render(scale=3).to_pil().convert("L")
            image = Stream(document, picture.tobytes())
            image.Type, image.Subtype = Name.XObject, Name.Image
            image.Width, image.Height = picture.size
            image.ColorSpace, image.BitsPerComponent = Name.DeviceGray, 8
            name = page.add_resource(document.make_indirect(image), Name.XObject)
            drawing = drawings[number]
            paint = f"q {drawing.width} 0 0 {drawing.height} 0 0 cm {name} Do Q\n"
            page.contents_add(Stream(document, paint.encode()), prepend=True)
        out = io.BytesIO()
        document.save(out)
    under.close()
    return out.getvalue()


def _finished(data: bytes, look: Look, attachments: Sequence[tuple[str, bytes]]) -> bytes:
    """Rotation, boxes, attachments."""
    with pikepdf.open(io.BytesIO(data)) as document:
        for page in document.pages:
            width, height = float(page.mediabox[2]), float(page.mediabox[3])
            turns = (look.rotate // 90 + look.is_sideways) % 4
            if turns:
                matrix = {
                    1: f"0 1 -1 0 {height} 0",
                    2: f"-1 0 0 -1 {width} {height}",
                    3: f"0 -1 1 0 0 {width}",
                }[turns]
                page.contents_add(Stream(document, f"q {matrix} cm\n".encode()), prepend=True)
                page.contents_add(Stream(document, b"\nQ"))
                if turns % 2:
                    page.mediabox = Array([0, 0, height, width])
            if look.rotate:
                page.Rotate = look.rotate
            if look.cropped:
                box = [float(side) for side in page.mediabox]
                page.mediabox = Array([box[0] - 70, box[1] - 40, box[2] + 30, box[3] + 90])
                page.cropbox = Array(box)
        for name, content in attachments:
            _attach(document, name, content, look)
        out = io.BytesIO()
        document.save(out)
    return out.getvalue()


def _attach(document: pikepdf.Pdf, name: str, content: bytes, look: Look) -> None:
    given = {"relationship": Name.Alternative, "mime_type": "text/xml"} if look.archived else {}
    document.attachments[name] = pikepdf.AttachedFileSpec(document, content, filename=name, **given)
    if look.archived:
        document.Root.AF = Array([document.attachments[name].obj])


def _saved(document: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()
