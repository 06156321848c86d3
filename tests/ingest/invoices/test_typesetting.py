"""XML invoices typeset: all that they say stands on the page, and the data are inside."""

from __future__ import annotations

import re
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from ingest.conversion import Converted, converter_of
from ingest.errors import FileBroken, FileTooLarge, TypeNotAccepted
from ingest.invoices import typesetting, xml_tree
from ingest.media import MediaType
from tests.ingest.invoices.builder import (
    GOODS,
    InvoiceSpec,
    Kind,
    as_cii,
    as_einvoice_xml,
    as_ubl,
    as_vat_xml,
    as_xbrl,
)


def data_of(spec: InvoiceSpec) -> bytes:
    if spec.kind in (Kind.DIGITAL, Kind.DIGITAL_SPECIAL):
        return as_einvoice_xml(spec)
    if spec.kind is Kind.FOREIGN:
        return as_cii(spec)
    return as_vat_xml(spec) if spec.kind in GOODS else as_xbrl(spec)


def convert(data: bytes, folder: Path) -> Converted:
    source = folder / "source.xml"
    source.write_bytes(data)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return typesetting.convert(source, work)


def words(made: Converted) -> list[str]:
    """The text of each page without any space."""
    assert made.pdf is not None
    with pypdfium2.PdfDocument(made.pdf) as document:
        return [
            re.sub(r"[\s\u200b\ufffe\x02]", "", page.get_textpage().get_text_bounded()) for page in document
        ]


def squeezed(text: object) -> str:
    return re.sub(r"\s", "", str(text))


@pytest.mark.parametrize("kind", Kind)
def test_all_that_an_invoice_says_stands_on_the_page(kind: Kind, tmp_path: Path) -> None:
    for seed in range(4):
        spec = InvoiceSpec.random(seed, kind)
        made = convert(data_of(spec), tmp_path)
        text = "".join(words(made))
        expected = spec.expected()
        names = ("number", "code", "check_code", "seller_name", "seller_tax_id", "buyer_name", "buyer_tax_id",
                 "net", "tax", "total", "total_in_capitals", "remark", "drawer", "passenger")  # fmt: skip
        for name in names:
            if name in expected and not (name in ("net", "seller_tax_id") and kind is Kind.AIR):
                assert squeezed(expected[name]) in text, (name, expected[name])
        for line in expected["lines"]:
            for part in ("name", "specification", "quantity", "unit_price", "amount", "rate_as_printed"):
                if line[part] is not None and (kind is not Kind.FOREIGN or part in ("name", "amount")):
                    assert squeezed(line[part]) in text, (part, line[part])
        for leg in spec.legs:
            for part in (leg.start, leg.end, leg.vehicle, leg.time, f"{leg.day:%Y年%m月%d日}"):
                assert part in text
        assert ("红字" in text) == (spec.is_red and kind is not Kind.FOREIGN)


def test_it_says_that_it_was_made_from_data_and_is_not_the_tax_bureaus(tmp_path: Path) -> None:
    made = convert(as_einvoice_xml(InvoiceSpec.random(1, Kind.DIGITAL)), tmp_path)
    assert all("依据XML数据排版" in page and "非税务机关版式文件" in page for page in words(made))
    assert not any("监制" in page for page in words(made))


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-16"])
def test_it_is_pdf_a_3b_with_the_very_data_inside(encoding: str, tmp_path: Path) -> None:
    data = as_einvoice_xml(InvoiceSpec.random(1, Kind.DIGITAL), encoding)
    made = convert(data, tmp_path)
    assert made.standard == "3b" and made.pdf is not None
    with pikepdf.open(made.pdf) as document:
        with document.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "B")
        assert document.attachments["invoice.xml"].get_file().read_bytes() == data
        assert document.Root.AF[0].AFRelationship == pikepdf.Name.Source
    assert made.pdf.read_bytes().endswith(b"%%EOF\n")
    assert [path.name for path in (tmp_path / "work").iterdir()] == [made.pdf.name]


def test_the_reading_comes_with_it(tmp_path: Path) -> None:
    spec = InvoiceSpec.random(3, Kind.AIR)
    made = convert(as_xbrl(spec), tmp_path)
    assert [reading.get("total") for reading in made.readings] == [spec.total]
    assert converter_of(MediaType.XML) is typesetting.convert


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    data = as_einvoice_xml(InvoiceSpec.random(1, Kind.DIGITAL))
    first, second = convert(data, tmp_path).pdf, tmp_path / "second"
    assert first is not None
    before = first.read_bytes()
    second.mkdir()
    again = convert(data, second).pdf
    assert again is not None and again.read_bytes() == before


def test_a_long_list_runs_over_pages_that_all_name_the_invoice(tmp_path: Path) -> None:
    spec = InvoiceSpec.random(5, Kind.DIGITAL, red=False, lines=60)
    pages = words(convert(as_einvoice_xml(spec), tmp_path))
    assert len(pages) > 2
    assert all(
        spec.number in page and "项目名称" in page and squeezed(spec.buyer.name) in page for page in pages
    )
    assert [squeezed(spec.total) in page for page in pages].count(True) == 1
    assert f"第1页共{len(pages)}页" in pages[0]


def test_a_list_without_end_is_cut_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "MOST_LINES", 10)
    spec = InvoiceSpec.random(5, Kind.DIGITAL, red=False, lines=24)
    text = "".join(words(convert(as_einvoice_xml(spec), tmp_path)))
    assert f"其余{len(spec.items) - 10}行见附件数据" in text
    assert squeezed(spec.total) in text


def test_user_text_is_data_and_missing_glyphs_are_boxes(tmp_path: Path) -> None:
    spec = InvoiceSpec.random(5, Kind.DIGITAL, red=False, lines=1)
    wicked = '#read("/etc/passwd") $x$ #import "x" \\ * _ ` " 🙂 '
    text = re.sub("<ItemName>.*?<", lambda _: f"<ItemName>{wicked}<", as_einvoice_xml(spec).decode(), count=1)
    said = "".join(words(convert(text.encode(), tmp_path)))
    assert squeezed(wicked).replace("🙂", "□") in said
    assert "root:" not in said


@pytest.mark.parametrize(
    "letters", ["长" * 3000, "W" * 3000, "a b " * 800, "1" * 3000], ids=["han", "W", "ab", "ones"]
)
def test_long_text_stays_on_the_paper(letters: str, tmp_path: Path) -> None:
    spec = InvoiceSpec.random(5, Kind.DIGITAL, red=False, lines=2)
    text = as_einvoice_xml(spec).decode()
    for tag in ("SellerName", "BuyerName", "ItemName", "SpecMod", "MeaUnits", "Remark", "Drawer"):
        text = re.sub(f"<{tag}>.*?</{tag}>", f"<{tag}>{letters}</{tag}>", text)
    made = convert(text.encode(), tmp_path)
    assert made.pdf is not None
    with pypdfium2.PdfDocument(made.pdf) as document:
        assert len(document) < 20
        for page in document:
            width, _ = page.get_size()
            found = page.get_textpage()
            boxes = [found.get_charbox(at) for at in range(found.count_chars())]
            assert all(box[0] >= -1 and box[2] <= width + 1 for box in boxes)


def test_an_invoice_that_says_little_is_typeset_too(tmp_path: Path) -> None:
    for data in (
        b"<EInvoice><EInvoiceData/><Header><EIid>24312000000012345678</EIid></Header></EInvoice>",
        b"<x><ElectronicInvoiceRailwayETicketNumber>1</ElectronicInvoiceRailwayETicketNumber></x>",
        b"<x><ElectronicInvoiceAirTransportReceiptNumber>1</ElectronicInvoiceAirTransportReceiptNumber></x>",
        b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"><ID>7</ID></Invoice>',
    ):
        made = convert(data, tmp_path)
        assert len(made.readings) == 1 and words(made)


def test_ubl_is_typeset_as_cii_is(tmp_path: Path) -> None:
    spec = InvoiceSpec.random(2, Kind.FOREIGN, red=True)
    text = "".join(words(convert(as_ubl(spec), tmp_path)))
    assert "Creditnote" in text and spec.red_of_number in text and f"€{spec.total}" in text


def test_a_bank_s_receipt_is_typeset_as_what_it_says_and_is_no_invoice(tmp_path: Path) -> None:
    data = """<xbrli:xbrl xmlns:xbrli="http://www.xbrl.org/2003/instance" xmlns:b="http://xbrl.mof.gov.cn/bker">
      <xbrli:context id="c"><xbrli:entity><xbrli:identifier scheme="x">secret-context</xbrli:identifier>
      </xbrli:entity></xbrli:context><b:TypeOfVoucher contextRef="c">银行电子回单</b:TypeOfVoucher>
      <b:TransactionAmountInFigures contextRef="c">100.00</b:TransactionAmountInFigures></xbrli:xbrl>"""
    made = convert(data.encode(), tmp_path)
    assert made.readings == []
    text = "".join(words(made))
    assert "银行电子回单" in text and "100.00" in text and "secret-context" not in text


def test_what_is_no_invoice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeNotAccepted):
        convert(b"<project><modelVersion>4</modelVersion></project>", tmp_path)
    with pytest.raises(FileBroken):
        convert(b"<EInvoice>", tmp_path)
    with pytest.raises(FileTooLarge):
        convert(b"<a>" + b" " * xml_tree.MOST_BYTES + b"</a>", tmp_path)
