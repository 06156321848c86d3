"""An invoice of the demo as the other files that sellers send: the XML of a 数电票, and its OFD."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import pypdfium2
from pypdfium2 import raw

from core.amounts import amount_in_words
from ingest.pdf_words import words
from ingest.words import Word
from vermilion.demo_documents import Invoice, typeset

_MM: Final = 25.4 / 72
_OFD: Final = "http://www.ofdspec.org/2016"
_FONT: Final = 3
_WIDE: Final = "\u2e80"
"""Letters from here on are a full square wide, the others about half of one."""
_ASCENT: Final = 0.8
"""Of a text's height: where its baseline lies."""


def as_xml(paper: Invoice) -> bytes:
    """The XML that the electronic tax bureau gives out for a 数电票."""
    items = "".join(
        "<IssuItemInformation>"
        + _tags(ItemName=f"*{goods}", Quantity=count, Amount=net, TaxRate="0.06", ComTaxAm=tax)
        + "</IssuItemInformation>"
        for goods, count, net, tax in paper.lines
    )
    included = "TotalTax-includedAmount"  # no name that Python takes
    data = (
        "<SellerInformation>"
        + _tags(SellerIdNum=paper.seller_tax_id, SellerName=paper.seller)
        + "</SellerInformation><BuyerInformation>"
        + _tags(BuyerIdNum=paper.buyer_tax_id, BuyerName=paper.buyer)
        + "</BuyerInformation><BasicInformation>"
        + _tags(TotalAmWithoutTax=paper.net, TotalTaxAm=paper.tax)
        + _tags(**{included: paper.total, f"{included}InChinese": amount_in_words(paper.total)})
        + _tags(Drawer="演示", RequestTime=f"{paper.date} 10:21:07")
        + f"</BasicInformation>{items}<AdditionalInformation>"
        + _tags(Remark="演示数据")
        + "</AdditionalInformation>"
    )
    labels = "".join(
        f"<{name}>{_tags(LabelCode=code, LabelName=text)}</{name}>"
        for name, code, text in (
            ("InIssuType", "Y", "是否蓝字发票标志"),
            ("EInvoiceType", "02", "电子发票"),
            ("GeneralOrSpecialVAT", "02", "普通发票"),
        )
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<EInvoice><Header>'
        + _tags(EIid=paper.number, Version="0.32")
        + f"<InherentLabel>{labels}</InherentLabel></Header><EInvoiceData>{data}</EInvoiceData>"
        + "<TaxSupervisionInfo>"
        + _tags(InvoiceNumber=paper.number, IssueTime=f"{paper.date} 10:21:08")
        + "</TaxSupervisionInfo></EInvoice>"
    ).encode()


def as_ofd(paper: Invoice) -> bytes:
    """An OFD that looks as the invoice's PDF does and says the same in its CustomDatas."""
    pdf = typeset(paper)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "invoice.pdf"
        path.write_bytes(pdf)
        (page,) = words(path)
    document = pypdfium2.PdfDocument(pdf)
    try:
        width, height = (side * _MM for side in document[0].get_size())
        drawn = [*_rules(document[0], height)]
    finally:
        document.close()
    drawn += [_text(word, width, height, number) for number, word in enumerate(page, start=1000)]
    year, month, day = paper.date.split("-")
    said = {
        "发票号码": paper.number,
        "合计金额": paper.net,
        "合计税额": paper.tax,
        "开票日期": f"{year}年{month}月{day}日",
        "购买方纳税人识别号": paper.buyer_tax_id,
        "销售方纳税人识别号": paper.seller_tax_id,
    }
    custom = "".join(
        f'<ofd:CustomData Name="{name}">{value}</ofd:CustomData>' for name, value in said.items()
    )
    return _packed(
        {
            "OFD.xml": _part(
                "OFD", 'Version="1.1" DocType="OFD"',
                f"<ofd:DocBody><ofd:DocInfo><ofd:DocID>{paper.number:0>32}</ofd:DocID>"
                f"<ofd:CustomDatas>{custom}</ofd:CustomDatas></ofd:DocInfo>"
                "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody>",
            ),
            "Doc_0/Document.xml": _part(
                "Document", "",
                "<ofd:CommonData><ofd:MaxUnitID>9999</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>"
                f"0 0 {width:.2f} {height:.2f}</ofd:PhysicalBox></ofd:PageArea>"
                "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData><ofd:Pages>"
                '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>',
            ),
            "Doc_0/PublicRes.xml": _part(
                "Res", 'BaseLoc="Res"',
                f'<ofd:Fonts><ofd:Font ID="{_FONT}" FontName="宋体" FamilyName="宋体"/></ofd:Fonts>',
            ),
            "Doc_0/Pages/Page_0/Content.xml": _part(
                "Page", "",
                f'<ofd:Content><ofd:Layer ID="2" Type="Body">{"".join(drawn)}</ofd:Layer></ofd:Content>',
            ),
        }
    )  # fmt: skip


def _rules(page: pypdfium2.PdfPage, height: float) -> Iterator[str]:
    """The lines of the form: each path of the page by its box, in millimetres from the top left."""
    paths = page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH])
    for number, path in enumerate(paths, start=100):
        left, bottom, right, top = (side * _MM for side in path.get_bounds())
        across, down = max(right - left, 0.1), max(top - bottom, 0.1)
        data = f"M 0 0 L {across:.3f} 0" if across > down else f"M 0 0 L 0 {down:.3f}"
        box = f"{left:.3f} {height - top:.3f} {across:.3f} {down:.3f}"
        yield (
            f'<ofd:PathObject ID="{number}" Boundary="{box}" LineWidth="0.2">'
            f'<ofd:StrokeColor Value="138 75 42"/><ofd:AbbreviatedData>{data}</ofd:AbbreviatedData>'
            "</ofd:PathObject>"
        )


def _text(word: Word, width: float, height: float, number: int) -> str:
    """A word at its place; its letters share the width as full and half squares."""
    place = word.place
    left, top = place.left * width, place.top * height
    across, down = (place.right - place.left) * width, (place.bottom - place.top) * height
    shares = [1.0 if letter >= _WIDE else 0.5 for letter in word.text]
    unit = across / sum(shares)
    steps = " ".join(f"{share * unit:.3f}" for share in shares[:-1])
    delta = f' DeltaX="{steps}"' if steps else ""
    box = f"{left:.3f} {top:.3f} {across:.3f} {down:.3f}"
    return (
        f'<ofd:TextObject ID="{number}" Boundary="{box}" Font="{_FONT}" Size="{min(unit, down):.3f}">'
        f'<ofd:TextCode X="0" Y="{_ASCENT * down:.3f}"{delta}>{escape(word.text)}</ofd:TextCode>'
        "</ofd:TextObject>"
    )


def _part(name: str, attributes: str, inner: str) -> bytes:
    head = f'<?xml version="1.0" encoding="UTF-8"?><ofd:{name} xmlns:ofd="{_OFD}" {attributes}>'
    return f"{head}{inner}</ofd:{name}>".encode()


def _packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for path, data in parts.items():
            package.writestr(zipfile.ZipInfo(path), data)
    return out.getvalue()


def _tags(**values: object) -> str:
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in values.items())
