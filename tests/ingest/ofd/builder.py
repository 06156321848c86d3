# ruff: noqa: E501
"""OFD packages as their makers write them: invoices old and new, tickets, contracts, and whatever a test needs.

A ``Maker`` collects pages and resources and gives the parts of the package by path, so that a signer can
add what belongs to signatures before they are zipped.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from xml.sax.saxutils import escape, quoteattr

import segno
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from core import fonts
from tests.ingest.invoice_forms import drawings as drawn_invoice
from tests.ingest.invoice_pdfs import Drawing, Text
from tests.ingest.invoices import carriers
from tests.ingest.invoices.builder import InvoiceSpec, Kind

NAMESPACE = "http://www.ofdspec.org/2016"
MM = 25.4 / 72
"""Millimetres in a point."""
MAROON = "156 82 35"
"""The colour in which invoices print their form."""


@dataclass
class PageSpec:
    """A page: the XML of its objects by layer, the templates on it, the annotations over it."""

    width: float = 210.0
    height: float = 297.0
    body: list[str] = field(default_factory=list)
    background: list[str] = field(default_factory=list)
    foreground: list[str] = field(default_factory=list)
    templates: list[tuple[int, str]] = field(default_factory=list)
    annotations: list[str] = field(default_factory=list)
    draw_param: int | None = None
    has_area: bool = True


class Maker:
    """A package in the making. Numbers are given out as OFD wants them: unique in the document."""

    def __init__(self, prefix: str = "ofd", namespace: str | None = NAMESPACE) -> None:
        self.pages: list[PageSpec] = []
        self.templates: dict[int, PageSpec] = {}
        self.files: dict[str, bytes] = {}
        self.custom_data: list[tuple[str, str]] = []
        self.attachments: list[tuple[str, str, bytes]] = []
        self.custom_tag: str = ""
        self.title = ""
        self.has_signatures = False
        self.resources: dict[str, list[str]] = {
            kind: [] for kind in ("ColorSpace", "DrawParam", "Font", "MultiMedia", "CompositeGraphicUnit")
        }
        self._prefix = f"{prefix}:" if prefix else ""
        self._namespace = namespace
        self._number = 100
        self._known: dict[tuple[str, ...], int] = {}

    # numbers and resources

    def number(self) -> int:
        self._number += 1
        return self._number

    def add(self, kind: str, attributes: str, inner: str = "") -> int:
        """A resource; its number."""
        number = self.number()
        self.resources[kind].append(f'<ofd:{kind} ID="{number}" {attributes}>{inner}</ofd:{kind}>')
        return number

    def font(self, name: str, data: bytes | None = None, extra: str = "", ending: str = "ttf") -> int:
        """A font by name; embedded when there is a file."""
        key = ("font", name, extra, str(hash(data)))
        if key not in self._known:
            inner = ""
            if data is not None:
                path = f"font_{len(self.files)}.{ending}"
                self.files[f"Doc_0/Res/{path}"] = data
                inner = f"<ofd:FontFile>{path}</ofd:FontFile>"
            self._known[key] = self.add(
                "Font", f"FontName={quoteattr(name)} FamilyName={quoteattr(name)} {extra}", inner
            )
        return self._known[key]

    def image(self, data: bytes, ending: str = "png") -> int:
        path = f"image_{len(self.files)}.{ending}"
        self.files[f"Doc_0/Res/{path}"] = data
        return self.add(
            "MultiMedia", f'Type="Image" Format="{ending.upper()}"', f"<ofd:MediaFile>{path}</ofd:MediaFile>"
        )

    def draw_param(self, attributes: str, inner: str = "") -> int:
        return self.add("DrawParam", attributes, inner)

    def unit(self, width: float, height: float, objects: Sequence[str]) -> int:
        return self.add(
            "CompositeGraphicUnit",
            f'Width="{width}" Height="{height}"',
            f"<ofd:Content>{''.join(objects)}</ofd:Content>",
        )

    # objects

    def text(
        self, x: float, y: float, said: str, size: float = 4.0, *, font: int | None = None,
        colour: str = "0 0 0", advances: Sequence[float] | None = None, attributes: str = "", inner: str = "",
        code: str = "", box: tuple[float, float, float, float] | None = None,
    ) -> str:  # fmt: skip
        """A TextObject whose baseline begins at (x, y). ``advances`` in millimetres; else full and half ems."""
        font = self.font("宋体") if font is None else font
        if advances is None:
            advances = [size * (1.0 if ord(letter) > 0x2000 else 0.5) for letter in said]
        box = box or (x, y - size, sum(advances) + size, size * 1.3)
        delta = f' DeltaX="{shorthand(advances[:-1])}"' if len(said) > 1 and not code else ""
        fill = f'<ofd:FillColor Value="{colour}"/>' if colour else ""
        return (
            f'<ofd:TextObject ID="{self.number()}" Boundary="{numbers(*box)}" Font="{font}" Size="{size:.4g}" {attributes}>'
            f'{fill}{inner}<ofd:TextCode X="{x - box[0]:.4f}" Y="{y - box[1]:.4f}"{delta} {code}>{escape(said)}</ofd:TextCode>'
            "</ofd:TextObject>"
        )

    def path(
        self, box: tuple[float, float, float, float], data: str, attributes: str = "", inner: str = ""
    ) -> str:
        return (
            f'<ofd:PathObject ID="{self.number()}" Boundary="{numbers(*box)}" {attributes}>{inner}'
            f"<ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:PathObject>"
        )

    def picture(
        self, image: int, box: tuple[float, float, float, float], attributes: str = "", inner: str = ""
    ) -> str:
        return (
            f'<ofd:ImageObject ID="{self.number()}" Boundary="{numbers(*box)}" ResourceID="{image}" '
            f'CTM="{numbers(box[2], 0, 0, box[3], 0, 0)}" {attributes}>{inner}</ofd:ImageObject>'
        )

    def composite(self, unit: int, box: tuple[float, float, float, float], attributes: str = "") -> str:
        return f'<ofd:CompositeObject ID="{self.number()}" Boundary="{numbers(*box)}" ResourceID="{unit}" {attributes}/>'

    def template(self, page: PageSpec) -> int:
        number = self.number()
        self.templates[number] = page
        return number

    # parts

    def parts(self) -> dict[str, bytes]:
        """Every part by its path, as it goes into the ZIP."""
        made = {"OFD.xml": self._root(), "Doc_0/Document.xml": self._document()}
        made["Doc_0/PublicRes.xml"] = self._res(("ColorSpace", "DrawParam", "Font"))
        made["Doc_0/DocumentRes.xml"] = self._res(("MultiMedia", "CompositeGraphicUnit"))
        for index, page in enumerate(self.pages):
            made[f"Doc_0/Pages/Page_{index}/Content.xml"] = self._page(page)
        for index, page in enumerate(self.templates.values()):
            made[f"Doc_0/Tpls/Tpl_{index}/Content.xml"] = self._page(page)
        if any(page.annotations for page in self.pages):
            made |= self._annotations()
        if self.attachments:
            listed = ""
            for name, path, data in self.attachments:
                made[f"Doc_0/Attachs/{path}"] = data
                listed += f'<ofd:Attachment ID="{self.number()}" Name={quoteattr(name)} Format="XML" Visible="false"><ofd:FileLoc>/Doc_0/Attachs/{path}</ofd:FileLoc></ofd:Attachment>'
            made["Doc_0/Attachs/Attachments.xml"] = self._xml("Attachments", "", listed)
        if self.custom_tag:
            made["Doc_0/Tags/CustomTags.xml"] = self._xml(
                "CustomTags",
                "",
                '<ofd:CustomTag TypeID="0"><ofd:FileLoc>CustomTag.xml</ofd:FileLoc></ofd:CustomTag>',
            )
            made["Doc_0/Tags/CustomTag.xml"] = self.custom_tag.encode()
        return {**made, **self.files}

    def bytes(self) -> bytes:
        return zipped(self.parts())

    def _xml(self, root: str, attributes: str, inner: str) -> bytes:
        declared = (
            f' xmlns{":" if self._prefix else ""}{self._prefix.rstrip(":")}="{self._namespace}"'
            if self._namespace
            else ""
        )
        text = f"<ofd:{root}{declared} {attributes}>{inner}</ofd:{root}>"
        text = text.replace("<ofd:", f"<{self._prefix}").replace("</ofd:", f"</{self._prefix}")
        return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode()

    def _root(self) -> bytes:
        data = "".join(
            f"<ofd:CustomData Name={quoteattr(name)}>{escape(value)}</ofd:CustomData>"
            for name, value in self.custom_data
        )
        custom = f"<ofd:CustomDatas>{data}</ofd:CustomDatas>" if data else ""
        title = f"<ofd:Title>{escape(self.title)}</ofd:Title>" if self.title else ""
        signatures = (
            "<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>" if self.has_signatures else ""
        )
        return self._xml(
            "OFD", 'Version="1.1" DocType="OFD"',
            f"<ofd:DocBody><ofd:DocInfo><ofd:DocID>44f7ff9bd5e04dbcae4bb2e9d5e03eb0</ofd:DocID>{title}<ofd:Creator>Maker</ofd:Creator>{custom}</ofd:DocInfo>"
            f"<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>{signatures}</ofd:DocBody>",
        )  # fmt: skip

    def _document(self) -> bytes:
        first = self.pages[0] if self.pages else PageSpec()
        templates = "".join(
            f'<ofd:TemplatePage ID="{number}" BaseLoc="Tpls/Tpl_{index}/Content.xml"/>'
            for index, number in enumerate(self.templates)
        )
        pages = "".join(
            f'<ofd:Page ID="{index + 1}" BaseLoc="Pages/Page_{index}/Content.xml"/>'
            for index in range(len(self.pages))
        )
        more = ""
        if any(page.annotations for page in self.pages):
            more += "<ofd:Annotations>Annots/Annotations.xml</ofd:Annotations>"
        if self.custom_tag:
            more += "<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>"
        if self.attachments:
            more += "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>"
        return self._xml(
            "Document", "",
            f"<ofd:CommonData><ofd:MaxUnitID>{self._number + 1000}</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>{numbers(0, 0, first.width, first.height)}</ofd:PhysicalBox></ofd:PageArea>"
            f"<ofd:PublicRes>PublicRes.xml</ofd:PublicRes><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>{templates}</ofd:CommonData>"
            f"<ofd:Pages>{pages}</ofd:Pages>{more}",
        )  # fmt: skip

    def _res(self, kinds: Sequence[str]) -> bytes:
        inner = "".join(
            f"<ofd:{kind}s>{''.join(self.resources[kind])}</ofd:{kind}s>"
            for kind in kinds
            if self.resources[kind]
        )
        return self._xml("Res", 'BaseLoc="Res"', inner)

    def _page(self, page: PageSpec) -> bytes:
        area = (
            f"<ofd:Area><ofd:PhysicalBox>{numbers(0, 0, page.width, page.height)}</ofd:PhysicalBox></ofd:Area>"
            if page.has_area
            else ""
        )
        templates = "".join(
            f'<ofd:Template TemplateID="{number}" ZOrder="{order}"/>' for number, order in page.templates
        )
        parameter = f' DrawParam="{page.draw_param}"' if page.draw_param else ""
        layers = "".join(
            f'<ofd:Layer ID="{self.number()}" Type="{kind}"{parameter}>{"".join(objects)}</ofd:Layer>'
            for kind, objects in (
                ("Foreground", page.foreground),
                ("Body", page.body),
                ("Background", page.background),
            )
            if objects
        )
        return self._xml("Page", "", f"{area}{templates}<ofd:Content>{layers}</ofd:Content>")

    def _annotations(self) -> dict[str, bytes]:
        made, listed = {}, ""
        for index, page in enumerate(self.pages):
            if page.annotations:
                listed += f'<ofd:Page PageID="{index + 1}"><ofd:FileLoc>Page_{index}/Annotation.xml</ofd:FileLoc></ofd:Page>'
                made[f"Doc_0/Annots/Page_{index}/Annotation.xml"] = self._xml(
                    "PageAnnot", "", "".join(page.annotations)
                )
        made["Doc_0/Annots/Annotations.xml"] = self._xml("Annotations", "", listed)
        return made


def numbers(*values: float) -> str:
    return " ".join(f"{value:.4f}".rstrip("0").rstrip(".") for value in values)


def shorthand(values: Sequence[float]) -> str:
    """Deltas as makers write them: ``g 3 4.5`` for three equal ones."""
    parts, at = [], 0
    while at < len(values):
        end = at
        while end < len(values) and values[end] == values[at]:
            end += 1
        parts += [f"g {end - at} {values[at]:.4f}"] if end - at > 1 else [f"{values[at]:.4f}"]
        at = end
    return " ".join(parts)


def zipped(parts: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A package of its parts, with fixed dates."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for path, data in parts.items():
            archive.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), data, compression)
    return out.getvalue()


# drawings


def placed(
    maker: Maker, texts: Sequence[Text], *, label: int, value: int, colour: str
) -> tuple[list[str], list[str]]:
    """The labels and the values of a drawing as TextObjects."""
    labels, values = [], []
    for one in texts:
        size = one.size * MM
        advances = [size * (1.0 if ord(letter) > 0x2000 else 0.5) for letter in one.text]
        made = maker.text(
            one.left * MM, one.y * MM, one.text, size, font=label if one.is_label else value,
            colour=colour if one.is_label else "0 0 0", advances=advances,
        )  # fmt: skip
        (labels if one.is_label else values).append(made)
    return labels, values


def rules(maker: Maker, drawing: Drawing) -> list[str]:
    """Lines, each a path of its own in a box as thin as itself."""
    made = []
    for x0, y0, x1, y1 in drawing.rules:
        left, top = min(x0, x1) * MM, min(y0, y1) * MM
        width, height = abs(x1 - x0) * MM, abs(y1 - y0) * MM
        made.append(
            maker.path(
                (left, top, width or 0.25, height or 0.25),
                f"M 0 0 L {numbers(width, height)}",
                'LineWidth="0.25"',
            )
        )
    return made


def code(maker: Maker, drawing: Drawing) -> list[str]:
    """The QR code as a picture, as nearly all makers have it."""
    if drawing.code is None:
        return []
    said, x, y, size = drawing.code
    out = io.BytesIO()
    segno.make(said, error="m").save(out, kind="png", scale=4, border=1)
    return [maker.picture(maker.image(out.getvalue()), (x * MM, y * MM, size * MM, size * MM))]


def from_drawings(
    drawings: Sequence[Drawing], maker: Maker | None = None, *, embedded: bool = False
) -> Maker:
    """Pages of drawings: the form as a template below, what was filled in on the page."""
    maker = maker or Maker()
    said = "".join(text.text for drawing in drawings for text in drawing.texts)
    data = truetype(said) if embedded else None
    label, value = maker.font("楷体", data), maker.font("宋体", data)
    line = maker.draw_param(
        'LineWidth="0.25"', f'<ofd:StrokeColor Value="{MAROON}"/><ofd:FillColor Value="{MAROON}"/>'
    )
    for drawing in drawings:
        width, height = drawing.width * MM, drawing.height * MM
        labels, values = placed(maker, drawing.texts, label=label, value=value, colour=MAROON)
        template = maker.template(
            PageSpec(
                width, height, background=[*rules(maker, drawing), *labels], draw_param=line, has_area=False
            )
        )
        maker.pages.append(
            PageSpec(
                width, height, body=[*values, *code(maker, drawing)], templates=[(template, "Background")]
            )
        )
    return maker


# invoices


def invoice(spec: InvoiceSpec, *, embedded: bool = False) -> Maker:
    """An invoice with the data that its kind carries: ``original_invoice.xml`` and tags for the older kinds,
    CustomDatas for 数电票, XBRL for tickets."""
    maker = from_drawings(drawn_invoice(spec), embedded=embedded)
    maker.title = spec.kind.value
    if spec.kind is Kind.RAILWAY:
        maker.attachments.append(("rai_issuer", f"rai_issuer_{spec.number}.xml", carriers.as_xbrl(spec)))
    elif spec.kind is Kind.AIR:
        maker.attachments.append(("atr_issuer", f"atr_issuer_{spec.number}.xml", carriers.as_xbrl(spec)))
    elif spec.is_digital:
        maker.custom_data = [
            ("发票号码", spec.number),
            ("合计金额", f"{spec.net:.2f}"),
            ("合计税额", f"{spec.tax:.2f}"),
            ("开票日期", f"{spec.issue_date:%Y年%m月%d日}"),
            ("购买方纳税人识别号", spec.buyer.tax_id),
            ("销售方纳税人识别号", spec.seller.tax_id),
        ]
    else:
        maker.attachments.append(("original_invoice", "original_invoice.xml", carriers.as_vat_xml(spec)))
    return maker


def vat_invoice_ofd(spec: InvoiceSpec, *, embedded: bool = False) -> bytes:
    """The unsigned OFD of any invoice that ``InvoiceSpec`` describes."""
    return invoice(spec, embedded=embedded).bytes()


# fonts


@cache
def _noto() -> TTFont:
    return TTFont(fonts.path(fonts.SANS))


@cache
def truetype(
    letters: str, *, units: int = 1000, first: int = 1, has_map: bool = True, reverse: bool = False
) -> bytes:
    """A TrueType font of these letters; glyph numbers from ``first``, backwards with ``reverse``."""
    source = _noto()
    glyph_set, best = source.getGlyphSet(), source.getBestCmap()
    wanted = sorted({letter for letter in letters if ord(letter) in best}, reverse=reverse)
    order = [
        ".notdef",
        *(f"pad{number}" for number in range(1, first)),
        *(f"u{ord(letter):04X}" for letter in wanted),
    ]
    glyphs, metrics = {}, {}
    for name in order:
        pen = TTGlyphPen(None)
        width = units
        if name.startswith("u"):
            drawn = glyph_set[best[int(name[1:], 16)]]
            scale = units / 1000
            drawn.draw(TransformPen(Cu2QuPen(pen, 1.0, reverse_direction=True), (scale, 0, 0, scale, 0, 0)))
            width = round(drawn.width * scale)
        glyphs[name], metrics[name] = pen.glyph(), (width, 0)
    made = FontBuilder(units, isTTF=True)
    made.setupGlyphOrder(order)
    made.setupCharacterMap({ord(letter): f"u{ord(letter):04X}" for letter in wanted} if has_map else {})
    made.setupGlyf(glyphs)
    made.setupHorizontalMetrics(metrics)
    made.setupHorizontalHeader(ascent=880, descent=-120)
    made.setupNameTable({"familyName": "Test", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    out = io.BytesIO()
    made.font.save(out)
    return out.getvalue()


def glyph_number(letter: str, letters: str, *, first: int = 1, reverse: bool = False) -> int:
    """The number that ``truetype`` gives a letter."""
    return first + sorted(set(letters), reverse=reverse).index(letter)


# other papers


def contract(pages: int = 3) -> Maker:
    """A contract of several pages with embedded fonts: headings bold, paragraphs in lines."""
    maker = Maker()
    heading = maker.font("黑体")
    said = "甲方委托乙方采购办公设备一批，规格、数量和价款见附表。乙方应当在本合同签订之日起三十日内交货。"
    body = maker.font("仿宋", truetype(said + "0123456789第条页，。、"))
    for number in range(1, pages + 1):
        page = PageSpec()
        page.body.append(
            maker.text(70, 30, f"采购合同 第{number}页", 7, font=heading, attributes='Weight="700"')
        )
        for line in range(20):
            page.body.append(maker.text(25, 50 + line * 10, f"第{line + 1}条 {said[:36]}", 4.2, font=body))
        maker.pages.append(page)
    return maker
