"""XML invoices: every field of files as many makers write them; hostile ones are refused fast."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import FileBroken, FileRefused, FileTooLarge
from ingest.invoices import xml, xml_tree
from ingest.invoices.facts import FIELDS, Reading, Source
from tests.ingest.invoices.builder import (
    CARRIED,
    GOODS,
    InvoiceSpec,
    Kind,
    as_cii,
    as_einvoice_xml,
    as_ubl,
    as_vat_xml,
    as_xbrl,
)

DIGITAL = (Kind.DIGITAL, Kind.DIGITAL_SPECIAL)
OLD = tuple(kind for kind in GOODS if kind not in DIGITAL)
MAKERS: dict[str, tuple[Callable[..., bytes], tuple[Kind, ...]]] = {
    "einvoice": (as_einvoice_xml, DIGITAL),
    "vat": (as_vat_xml, OLD),
    "xbrl": (as_xbrl, GOODS),
    "railway": (as_xbrl, (Kind.RAILWAY,)),
    "air": (as_xbrl, (Kind.AIR,)),
    "cii": (as_cii, (Kind.FOREIGN,)),
    "ubl": (as_ubl, (Kind.FOREIGN,)),
}
NOT_IN_LINES = {
    "cii": {"quantity", "unit_price", "unit", "tax"},
    "ubl": {"quantity", "unit_price", "unit", "tax"},
}


def drawn(carrier: str, seed: int) -> InvoiceSpec:
    kinds = MAKERS[carrier][1]
    return InvoiceSpec.random(seed, kinds[seed % len(kinds)])


def assert_says(reading: Reading | None, spec: InvoiceSpec, carrier: str) -> None:
    """Every field that the carrier has is as drawn, no other is there, and so are the lines."""
    assert reading is not None
    expected: dict[str, Any] = spec.expected()
    lines = expected.pop("lines")
    carried = CARRIED["cii" if carrier == "ubl" else carrier]
    wanted = {name: value for name, value in expected.items() if name in carried}
    assert {name: value.value for name, value in reading.fields.items()} == wanted
    if "lines" not in carried:
        return
    left_out = NOT_IN_LINES.get(carrier, set())
    found = [
        {k: v for k, v in asdict(line).items() if k not in left_out | {"place"}} for line in reading.lines
    ]
    assert found == [{k: v for k, v in line.items() if k not in left_out} for line in lines]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("carrier", MAKERS)
def test_every_field_of_an_invoice_is_read(carrier: str, seed: int) -> None:
    spec = drawn(carrier, seed)
    reading = xml.read(MAKERS[carrier][0](spec), "data.xml")
    assert_says(reading, spec, carrier)
    assert reading is not None and reading.origin == "data.xml"
    is_xbrl = carrier in ("xbrl", "railway", "air")
    assert reading.source is (Source.XBRL if is_xbrl else Source.XML)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("carrier", ["einvoice", "vat", "xbrl"])
def test_the_encoding_does_not_matter(carrier: str, encoding: str) -> None:
    spec = drawn(carrier, 12)
    data = MAKERS[carrier][0](spec).decode().replace("utf-8", encoding.removesuffix("-sig"))
    assert_says(xml.read(data.encode(encoding), ""), spec, carrier)


@pytest.mark.parametrize("declared", ["gbk", "GB2312", "utf-16", "iso-8859-1", "nonsense", "idna", "big5"])
def test_a_wrong_declaration_over_utf8_is_overruled(declared: str) -> None:
    spec = drawn("einvoice", 2)
    data = as_einvoice_xml(spec).replace(b'encoding="utf-8"', f'encoding="{declared}"'.encode())
    assert_says(xml.read(data, ""), spec, "einvoice")


@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", "windows-1252", "us-ascii", "punycode"])
def test_gbk_is_recognised_under_a_wrong_declaration(declared: str) -> None:
    spec = drawn("vat", 2)
    data = as_vat_xml(spec).decode().replace("utf-8", declared).encode("gbk")
    assert_says(xml.read(data, ""), spec, "vat")


def test_accents_in_a_western_encoding_stay_accents() -> None:
    spec = drawn("cii", 5)
    data = as_cii(spec).decode().replace("utf-8", "windows-1252").encode("windows-1252")
    assert_says(xml.read(data, ""), spec, "cii")


VARIANTS: dict[str, Callable[[str], str]] = {
    "small names": lambda text: re.sub(r"(</?)([A-Za-z-]+)", lambda m: m[1] + m[2].lower(), text),
    "capital names": lambda text: re.sub(r"(</?)([A-Za-z-]+)", lambda m: m[1] + m[2].upper(), text),
    "a namespace": lambda text: text.replace("<EInvoice>", '<EInvoice xmlns="urn:cn:tax:einvoice:2022">'),
    "a prefix": lambda text: re.sub(r"(</?)([A-Za-z-]+)", r"\1t:\2", text).replace(
        "<t:EInvoice>", '<t:EInvoice xmlns:t="urn:x">'
    ),
    "an undeclared prefix": lambda text: re.sub(r"(</?)([A-Za-z-]+)", r"\1t:\2", text),
    "a wrapper": lambda text: re.sub(
        r"<EInvoice>(.*)</EInvoice>", r"<R><D><EInvoice>\1</EInvoice></D></R>", text
    ),
    "no declaration": lambda text: text.split("\n", 1)[1],
    "a doctype": lambda text: text.replace("\n", '\n<!DOCTYPE EInvoice SYSTEM "http://192.0.2.1/e.dtd">', 1),
    "line breaks": lambda text: text.replace("><", ">\r\n   <"),
    "values of an OFD's tags": lambda text: re.sub(
        r">([^<>\n]+)</", r"><ofd:ObjectData>\1</ofd:ObjectData></", text
    ),
    "CDATA": lambda text: re.sub(r"<Remark>(.*?)</Remark>", r"<Remark><![CDATA[\1]]></Remark>", text),
    "a comment": lambda text: text.replace("<Header>", "<!-- <EIid>1</EIid> --><Header>"),
    "items elsewhere": lambda text: re.sub(
        r"((?:<IssuItemInformation>.*</IssuItemInformation>)+)", r"<Items>\1</Items>", text
    ),
    "no number in the supervision": lambda text: re.sub(r"<InvoiceNumber>\d+</InvoiceNumber>", "", text),
    "no issue time": lambda text: re.sub(r"<IssueTime>.*?</IssueTime>", "", text),
    "no label names": lambda text: re.sub(r"<LabelName>(普通发票|增值税专用发票)</LabelName>", "", text),
    "rates in percent": lambda text: re.sub(
        r"<TaxRate>(0\.\d+)</TaxRate>", lambda m: f"<TaxRate>{Decimal(m[1]) * 100:.0f}%</TaxRate>", text
    ),
    "Chinese dates": lambda text: re.sub(
        r"<IssueTime>(\d+)-(\d+)-(\d+).*?</IssueTime>", r"<IssueTime>\1年\2月\3日</IssueTime>", text
    ),
    "currency signs": lambda text: re.sub(r"<(Total[^>]*Am[a-z]*)>(-?\d)", r"<\1>¥\2", text),
    "an empty item that is nil": lambda text: text.replace(
        "</BasicInformation>",
        '</BasicInformation><IssuItemInformation xmlns:x="http://www.w3.org/2001/XMLSchema-instance"'
        ' x:nil="true"/>',
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_digital_invoice_is_read_however_it_is_spelled(variant: str) -> None:
    for seed in (1, 2, 3):
        spec = InvoiceSpec.random(seed, DIGITAL[seed % 2], red=seed == 3, lines=3)
        text = VARIANTS[variant](as_einvoice_xml(spec).decode())
        assert_says(xml.read(text.encode(), ""), spec, "einvoice")


def test_a_bare_ampersand_is_forgiven() -> None:
    spec = InvoiceSpec.random(4, Kind.DIGITAL, lines=1)
    text = as_einvoice_xml(spec).decode().replace(spec.seller.name, "A & B")
    reading = xml.read(text.encode(), "")
    assert reading is not None and reading.get("seller_name") == "A & B"


def test_the_year_in_the_namespace_of_xbrl_does_not_matter() -> None:
    spec = drawn("railway", 1)
    data = (
        as_xbrl(spec)
        .replace(b"2021-11-30", b"2025-01-01")
        .replace(b"rai:", b"q1:")
        .replace(b":rai=", b":q1=")
    )
    assert_says(xml.read(data, ""), spec, "railway")


def test_facts_of_a_ticket_without_an_instance_around_them_are_read() -> None:
    data = """<x xmlns:rai="urn:rai"><rai:ElectronicInvoiceRailwayETicketNumber>26429221050000224509
        </rai:ElectronicInvoiceRailwayETicketNumber><rai:TypeOfBusiness>退</rai:TypeOfBusiness>
        <rai:DepartureStation>汉口</rai:DepartureStation><rai:DestinationStation>上海虹桥</rai:DestinationStation>
        <rai:TrainNumber>G1738</rai:TrainNumber><rai:TravelDate>2026-08-12</rai:TravelDate>
        <rai:Fare>-109.50</rai:Fare></x>"""
    reading = xml.read(data.encode(), "")
    assert reading is not None
    assert reading.get("number") == "26429221050000224509"
    assert reading.get("total") == Decimal("-109.50")
    assert reading.get("is_red") is True
    assert reading.get("journey") == "汉口 → 上海虹桥 G1738"


def test_vouchers_that_are_no_invoices_are_none() -> None:
    bank = as_xbrl(drawn("xbrl", 1)).decode()
    bank = re.sub(r"<inv:|<einv:", "<bker:", bank).replace("</inv:", "</bker:").replace("</einv:", "</bker:")
    for name in ("NumberOfInvoice", "TaxIncludedAmountInFigures"):
        bank = bank.replace(name, "TransactionAmount")
    bank = bank.replace(":inv=", ":bker=").replace(":einv=", ":bker=")
    assert xml.read(bank.encode(), "") is None
    assert xml.read(b"<html><body>hello</body></html>", "") is None
    assert xml.read(b"<project><modelVersion>4.0.0</modelVersion></project>", "") is None


def test_invoices_in_pinyin_and_in_the_plain_schema_are_read() -> None:
    pinyin = """<?xml version="1.0" encoding="GBK"?><FPXX><FPDM>011002000111</FPDM><FPHM>12345678</FPHM>
      <KPRQ>20210305</KPRQ><JYM>12345678901234567890</JYM><XFMC>云杉商贸有限公司</XFMC><XFSH>91110105MA00P8L2RU</XFSH>
      <GFMC>青禾科技有限公司</GFMC><HJJE>100.00</HJJE><HJSE>13.00</HJSE><JSHJ>113.00</JSHJ>
      <FPMXS><FPMX><SPMC>纸</SPMC><JE>100.00</JE><SLV>0.13</SLV><SE>13.00</SE></FPMX></FPMXS></FPXX>"""
    reading = xml.read(pinyin.encode("gbk"), "")
    assert reading is not None
    assert (reading.get("code"), reading.get("number"), reading.get("total")) == (
        "011002000111",
        "12345678",
        Decimal("113.00"),
    )
    assert reading.get("type") == "增值税电子普通发票"
    assert [(line.name, line.rate_as_printed) for line in reading.lines] == [("纸", "13%")]
    plain = as_vat_xml(InvoiceSpec.random(3, Kind.ELECTRONIC)).decode()
    plain = plain.replace("fp:", "").replace("eInvoice", "Invoice").replace("GoodsInfo>", "G1>")
    assert_says(xml.read(plain.encode(), ""), InvoiceSpec.random(3, Kind.ELECTRONIC), "vat")


def test_several_digital_invoices_in_one_file_are_told_apart() -> None:
    specs = [drawn("einvoice", seed) for seed in (31, 32, 33)]
    parts = [as_einvoice_xml(spec).split(b"?>", 1)[1] for spec in specs]
    root = xml_tree.parse(b"<Invoices>" + b"".join(parts) + b"</Invoices>")
    readings = xml.read_all(root, "XML")
    for reading, spec in zip(readings, specs, strict=True):
        assert_says(reading, spec, "einvoice")


def test_zugferd_1_is_read() -> None:
    spec = InvoiceSpec.random(6, Kind.FOREIGN, red=False, lines=3)
    text = as_cii(spec).decode()
    for new, old in (
        ("CrossIndustryInvoice", "CrossIndustryDocument"),
        ("rsm:ExchangedDocument>", "rsm:HeaderExchangedDocument>"),
        ("rsm:SupplyChainTradeTransaction", "rsm:SpecifiedSupplyChainTradeTransaction"),
        ("ApplicableHeaderTradeAgreement", "ApplicableSupplyChainTradeAgreement"),
        ("ApplicableHeaderTradeSettlement", "ApplicableSupplyChainTradeSettlement"),
        ("SpecifiedTradeSettlementHeaderMonetarySummation", "SpecifiedTradeSettlementMonetarySummation"),
        ("SpecifiedLineTradeSettlement", "SpecifiedSupplyChainTradeSettlement"),
        ("SpecifiedLineTradeAgreement", "SpecifiedSupplyChainTradeAgreement"),
        ("SpecifiedLineTradeDelivery", "SpecifiedSupplyChainTradeDelivery"),
        ("RateApplicablePercent", "ApplicablePercent"),
    ):
        text = text.replace(new, old)
    assert "SpecifiedSupplyChainTradeTransaction" in text
    assert_says(xml.read(text.encode(), ""), spec, "cii")


def test_an_allowance_on_the_whole_invoice_is_a_line_of_it() -> None:
    allowance = (
        "<ram:SpecifiedTradeAllowanceCharge><ram:ChargeIndicator><udt:Indicator>false</udt:Indicator></ram:ChargeIndicator>"
        "<ram:ActualAmount>10.00</ram:ActualAmount><ram:Reason>Rabatt</ram:Reason></ram:SpecifiedTradeAllowanceCharge>"
    )
    text = as_cii(InvoiceSpec.random(6, Kind.FOREIGN, red=False, lines=1)).decode()
    text = text.replace(
        "<ram:SpecifiedTradeSettlementHeader", allowance + "<ram:SpecifiedTradeSettlementHeader", 1
    )
    reading = xml.read(text.encode(), "")
    assert reading is not None
    assert (reading.lines[-1].name, reading.lines[-1].amount) == ("Rabatt", Decimal("-10.00"))


def test_what_is_too_long_for_a_field_is_cut_or_not_taken() -> None:
    spec = InvoiceSpec.random(4, Kind.DIGITAL, lines=1)
    text = (
        as_einvoice_xml(spec)
        .decode()
        .replace(spec.seller.name, "长" * 5000)
        .replace(spec.seller.tax_id, "9" * 500)
    )
    reading = xml.read(text.encode(), "")
    assert reading is not None
    assert reading.get("seller_name") == "长" * 200
    assert reading.get("seller_tax_id") is None


@pytest.mark.parametrize("amount", ["1e400", "NaN", "Infinity", "9" * 400, "1.2.3", "--1", "１２", "", "¥"])
def test_amounts_that_are_none_are_left_out(amount: str) -> None:
    spec = InvoiceSpec.random(4, Kind.DIGITAL, lines=1)
    text = re.sub(
        r"<TotalTaxAm>.*?</TotalTaxAm>", f"<TotalTaxAm>{amount}</TotalTaxAm>", as_einvoice_xml(spec).decode()
    )
    reading = xml.read(text.encode(), "")
    assert reading is not None
    assert reading.get("tax") == (Decimal("12.00") if amount == "１２" else None)


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]><EInvoice><EIid>&j;</EIid></EInvoice>"
)
XXE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><EInvoice><EIid>&x;</EIid></EInvoice>'
PARAMETER = '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://192.0.2.1/x.dtd"> %p;]><EInvoice/>'


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS.encode(),
        LAUGHS.encode("utf-16"),
        XXE.encode(),
        PARAMETER.encode(),
        b"<a>" * 100_000 + b"</a>" * 100_000,
        b"<a>" * 90_000,
        b"<EInvoice>" + b"<a/>" * 400_000 + b"</EInvoice>",
        b"<EInvoice><EIid>" + b"9" * (12 * 1024**2) + b"</EIid></EInvoice>",
        b"<EInvoice>" + b"x" * (100 * 1024**2) + b"</EInvoice>",
        b"<EInvoice a='" + b"y" * (15 * 1024**2) + b"'/>",
        b"<EInvoice " + b" ".join(b'a%d="1"' % number for number in range(200_000)) + b"/>",
        b"",
        b"<",
        b"\xff\xfe",
        b"\x00" * 1000,
        b"<EInvoice><EIid>1</EIid>",
        b"<a></b>",
        "<EInvoice>你好".encode("utf-16")[:-1],
    ],
    ids=lambda data: f"{data[:12]!r} {len(data)}",
)
def test_hostile_xml_is_refused_fast(data: bytes) -> None:
    began = time.perf_counter()
    try:
        root = xml_tree.parse(data)
    except FileRefused as error:
        assert isinstance(error, FileBroken | FileTooLarge)
    else:
        assert xml.read_tree(root, "") is None
    assert xml.read(data, "") is None
    assert time.perf_counter() - began < 5


MUTABLE = [MAKERS[carrier][0](drawn(carrier, seed)) for carrier in MAKERS for seed in (0, 1)]


@settings(max_examples=150)
@given(st.integers(0, 2**32), st.integers(0, len(MUTABLE) - 1))
def test_mutated_xml_never_crashes_the_reader(seed: int, which: int) -> None:
    draw = random.Random(seed)
    data = bytearray(MUTABLE[which][:20_000] if draw.random() < 0.1 else MUTABLE[which])
    for _ in range(draw.randrange(1, 12)):
        at = draw.randrange(len(data))
        match draw.randrange(5):
            case 0:
                data[at] = draw.randrange(256)
            case 1:
                del data[at : at + draw.randrange(1, 60)]
            case 2:
                data[at:at] = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 9)))
            case 3:
                end = at + draw.randrange(1, 200)
                data[at:at] = data[at:end]
            case _:
                data[at : at + 4] = draw.choice(
                    (b"<!--", b"]]>", b"&#0;", b"&x;", b"</", b"\xe5\x8f", b"99999999999999")
                )
        if not data:
            break
    reading = xml.read(bytes(data), "mutated")
    if reading is not None:
        for name, value in reading.fields.items():
            assert isinstance(value.value, FIELDS[name])


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert xml.read(data, "") is None or data
