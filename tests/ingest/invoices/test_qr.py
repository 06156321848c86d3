"""The QR code of invoices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.invoices import qr
from ingest.invoices.facts import FIELDS, Source
from ingest.words import Place
from tests.ingest.invoices.builder import CARRIED, GOODS, InvoiceSpec, Kind, qr_text

PLACE = Place(2, 0.1, 0.1, 0.2, 0.2)


@pytest.mark.parametrize("comma", [True, False])
@pytest.mark.parametrize("kind", GOODS)
def test_the_code_of_every_kind_is_read(kind: Kind, comma: bool) -> None:
    for seed in range(5):
        spec = InvoiceSpec.random(seed, kind)
        reading = qr.read(qr_text(spec, trailing_comma=comma), PLACE)
        assert reading is not None and reading.source is Source.QR
        expected = {name: value for name, value in spec.expected().items() if name in CARRIED["qr"]}
        amount = {"total": spec.total} if spec.is_digital else {"net": spec.net}
        assert {name: value.value for name, value in reading.fields.items()} == expected | amount
        assert all(value.place == PLACE for value in reading.fields.values())


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("01,32,,24312000000012345678,113.00,20240105,,A1B2", {"total": Decimal("113.00")}),
        ("01,31,,24312000000012345678,-113.00,20240105,,A1B2,", {"total": Decimal("-113.00")}),
        ("01,10,011001900311,21010038,100.5,20200407,01731581649436515692,AB12,", {"net": Decimal("100.50")}),
        ("01,04,3100192320,12345678,100,20200407,01731581649436515692,AB12", {"code": "3100192320"}),
        ("01,11,031001900107,12345678,100,20200407,,AB12", {"type": "增值税普通发票（卷票）"}),
        ("01,51,,24312000000012345678,99.00,20240105,,A1B2", {"type": "电子发票（铁路电子客票）"}),
        ("01,77,,24312000000012345678,99.00,20240105,,A1B2", {"total": Decimal("99.00")}),
        (" 01，32，，24312000000012345678，113.00，20240105，，A1B2 ", {"issue_date": date(2024, 1, 5)}),
        ("01,10,011001900311,21010038,,20200407,,", {"number": "21010038"}),
        ("https://bcfp.shenzhen.chinatax.gov.cn/v/scan?hash=0&bill_num=00012345", {"number": "00012345"}),
    ],
)  # fmt: skip
def test_codes_of_the_wild(text: str, fields: dict[str, object]) -> None:
    reading = qr.read(text, None)
    assert reading is not None
    assert {name: reading.get(name) for name in fields} == fields


def test_a_kind_whose_amount_is_not_known_gives_none() -> None:
    reading = qr.read("01,11,031001900107,12345678,100,20200407,01731581649436515692,AB12", None)
    assert reading is not None
    assert reading.get("net") is None and reading.get("total") is None


def test_an_address_of_a_tax_bureau_is_known_and_says_only_its_number() -> None:
    reading = qr.read("https://inv-veri.chinatax.gov.cn/?x=1", None)
    assert reading is not None and not reading.fields
    blockchain = qr.read("https://bcfp.shenzhen.chinatax.gov.cn/v?bill_num=00012345&total_amount=2000", None)
    assert blockchain is not None and set(blockchain.fields) == {"number"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "https://example.com/01,32,,24312000000012345678,113.00,20240105,,A1B2",
        "https://chinatax.gov.cn.example.com/?bill_num=00012345",
        "https://[::1",
        "0123456789" * 14,
        "01,32,,2431200000001234567,113.00,20240105",
        "01,10,abc,21010038,100.00,20200407,1,2",
        "WIFI:S:x;T:WPA;P:y;;",
        "1,2,3,4,5,6,7",
    ],
)
def test_other_codes_are_none(text: str) -> None:
    assert qr.read(text, None) is None


@given(
    st.one_of(
        st.text(),
        st.text(alphabet="0123456789,.-"),
        st.text().map("http://a.chinatax.gov.cn/?bill_num=".__add__),
    )
)
def test_any_text_is_a_reading_or_none(text: str) -> None:
    reading = qr.read(text, PLACE)
    for name, value in reading.fields.items() if reading else ():
        assert isinstance(value.value, FIELDS[name])
