"""ZIP containers and XML files are told apart by what lies inside."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import FileBroken, FileRefused, TypeNotAccepted
from ingest.identification import identify
from ingest.media import MediaType
from tests.ingest import builders_containers as builders

WORD = "application/vnd.ms-word.document.macroEnabled.main+xml"
EXCEL = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"


def told(folder: Path, data: bytes, family: MediaType = MediaType.ZIP) -> MediaType:
    source = folder / "source"
    source.write_bytes(data)
    return identify(source, family)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(builders.docx(), MediaType.DOCX), (builders.xlsx(), MediaType.XLSX), (builders.pptx(), MediaType.PPTX),
     (builders.zipped({"OFD.xml": b"<a/>", "Doc_0/Document.xml": b""}), MediaType.OFD),
     (builders.zipped({"ofd.XML": b"<a/>"}), MediaType.OFD),
     (builders.zipped({"a/OFD.xml": b"<a/>"}), MediaType.ZIP),
     (builders.zipped({"a.pdf": b"1"}), MediaType.ZIP)],
)  # fmt: skip
def test_containers_are_told_apart(data: bytes, kind: MediaType, tmp_path: Path) -> None:
    assert told(tmp_path, data) is kind


@pytest.mark.parametrize(
    ("data", "found"),
    [(builders.docx(kind=WORD), "macros"), (builders.docx(kind=EXCEL), "macros"),
     (builders.zipped({"[Content_Types].xml": b"<Types/>", "word/vbaProject.bin": b"x"}), "macros"),
     (builders.zipped({"[Content_Types].xml": b"<Types/>"}), "zip"),
     (builders.zipped({"META-INF/MANIFEST.MF": b"x"}), "program"),
     (builders.zipped({"mimetype": b"x", "META-INF/manifest.xml": b"x"}), "opendocument")],
)  # fmt: skip
def test_what_is_not_taken_is_named(data: bytes, found: str, tmp_path: Path) -> None:
    with pytest.raises(TypeNotAccepted) as refusal:
        told(tmp_path, data)
    assert refusal.value.context["found"] == found


@pytest.mark.parametrize(
    "data",
    [b"<EInvoice/>", "<?xml version='1.0' encoding='GBK'?><!--发票--><EInvoice/>".encode("gbk"),
     b"\xef\xbb\xbf<EInvoice><Header/></EInvoice>", "<?xml version='1.0'?><EInvoice/>".encode("utf-16"),
     b"<x:eInvoice xmlns:x='http://www.chinatax.gov.cn/schema/e-invoice/2019'/>",
     b"<xbrl xmlns='http://www.xbrl.org/2003/instance'/>",
     b"<i:CrossIndustryInvoice xmlns:i='urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100'/>",
     b"<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'/>"],
)  # fmt: skip
def test_invoices_in_xml_are_taken(data: bytes, tmp_path: Path) -> None:
    assert told(tmp_path, data, MediaType.XML) is MediaType.XML


@pytest.mark.parametrize(
    "data",
    ["<发票><发票号码>12345678</发票号码><价税合计>1.00</价税合计></发票>".encode("gbk"),
     b"<data><InvoiceNo>12345678</InvoiceNo><HJJE>1.00</HJJE><BuyerName>A</BuyerName></data>",
     "<EInvoice><SellerName>云杉</SellerName></EInvoice>".encode("gbk")],
)  # fmt: skip
def test_invoices_below_roots_of_their_own_and_in_undeclared_gbk_are_taken(
    data: bytes, tmp_path: Path
) -> None:
    assert told(tmp_path, data, MediaType.XML) is MediaType.XML


@pytest.mark.parametrize("data", [b"<note/>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<Invoice/>"])
def test_other_xml_is_not(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(TypeNotAccepted):
        told(tmp_path, data, MediaType.XML)


@pytest.mark.parametrize(
    "data",
    [b"<!DOCTYPE EInvoice [<!ENTITY a 'aaaa'>]><EInvoice>&a;</EInvoice>", b"<EInvoice",
     b"<?xml version='1.0'?>",
     "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><EInvoice/>".encode("utf-16")],
)  # fmt: skip
def test_entities_and_broken_xml_are_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(FileBroken):
        told(tmp_path, data, MediaType.XML)


@given(
    st.sampled_from([MediaType.ZIP, MediaType.XML]),
    st.integers(0, 5),
    st.binary(max_size=60),
    st.integers(0, 10**6),
)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_mutated_container_is_told_or_refused(
    tmp_path: Path, family: MediaType, cut: int, piece: bytes, place: int
) -> None:
    data = bytearray(builders.docx() if family is MediaType.ZIP else b"<EInvoice><a>1</a></EInvoice>")
    at = place % len(data)
    data[at : at + len(piece)] = piece
    try:
        assert told(tmp_path, bytes(data[: len(data) - cut]), family) in MediaType
    except FileRefused as error:
        assert error.code != "file-refused"
