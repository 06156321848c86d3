"""One invoice of several sources."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.invoices import qr, xml
from ingest.invoices.facts import FIELDS, InvoiceFacts, Line, Reading, Source, Value, Warn
from ingest.invoices.merging import merge
from ingest.words import Place
from tests.ingest.invoices.builder import InvoiceSpec, Kind, as_einvoice_xml, qr_text

PLACE = Place(1, 0.1, 0.2, 0.3, 0.4)


def reading(
    source: Source, *, confidence: float = 1.0, lines: tuple[Line, ...] = (), **fields: Any
) -> Reading:
    place = PLACE if source in (Source.TEXT, Source.OCR, Source.QR) else None
    return Reading(source, {k: Value(v, str(v), place, confidence) for k, v in fields.items()}, lines)


def merged(*readings: Reading) -> InvoiceFacts:
    found = merge(list(readings))
    assert found is not None
    return found


def disagreements(facts: InvoiceFacts) -> list[tuple[str, str, str]]:
    return [
        (one.context["field"], one.context["value"], one.context["other"])
        for one in facts.warnings
        if one.code == "sources-disagree"
    ]


def test_each_field_comes_from_the_most_reliable_source_that_has_it() -> None:
    facts = merged(
        reading(Source.OCR, number="12345678", drawer="王芳", remark="x"),
        reading(Source.QR, number="12345678", issue_date=date(2024, 1, 5)),
        reading(Source.TEXT, number="12345678", issue_date=date(2024, 1, 5), drawer="王芳"),
        reading(Source.XML, number="12345678"),
    )
    sources = {name: fact.source for name, fact in facts.fields.items()}
    assert sources == {
        "number": Source.XML,
        "issue_date": Source.QR,
        "drawer": Source.TEXT,
        "remark": Source.OCR,
    }
    assert not facts.warnings
    assert [other.source for other in facts.fields["number"].others] == [Source.QR, Source.TEXT, Source.OCR]
    assert all(other.agrees for other in facts.fields["number"].others)


def test_a_disagreement_shows_both_values_and_sources() -> None:
    facts = merged(
        reading(Source.XML, number="1", total=Decimal("113.00")),
        reading(Source.TEXT, total=Decimal("118.00")),
    )
    assert facts.get("total") == Decimal("113.00")
    assert facts.warnings == (
        Warn(
            "sources-disagree",
            {"field": "total", "value": "113.00", "source": "xml", "other": "118.00", "other_source": "text"},
        ),
    )


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("seller_name", "云杉（北京）有限公司", "云杉(北京) 有限公司"),
        ("seller_name", "云杉【北京】有限公司", "云杉[北京]有限公司"),
        ("type", "电子发票（普通发票）", "增值税电子普通发票"),
        ("type", "增值税电子普通发票", "上海增值税电子普通发票"),
        ("type", "电子发票（增值税专用发票）", "增值税专用发票"),
        ("type", "电子发票", "电子发票（铁路电子客票）"),
        ("check_code", "12345678901234567890", "12345 67890 12345 67890"),
        ("buyer_tax_id", "91110105MA00P8L2RU", "91110105ma00p8l2ru"),
        ("total_in_capitals", "壹佰圆整", "⊗ 壹佰元正"),
        ("remark", "订单号：8832 订单备注", "订单号:8832"),
        ("journey", "上海虹桥 → 北京南 G2", "上海虹桥站-北京南站 G2"),
        ("total", Decimal("113.0"), Decimal("113.00")),
    ],
)
def test_values_that_say_the_same_are_no_disagreement(field: str, one: Any, other: Any) -> None:
    facts = merged(reading(Source.XML, **{field: one}), reading(Source.TEXT, **{field: other}))
    assert facts.get(field) == one
    assert not facts.warnings
    assert facts.fields[field].others[0].agrees


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("seller_name", "云杉有限公司", "云杉有限公司第一分公司"),
        ("type", "电子发票（普通发票）", "电子发票（增值税专用发票）"),
        ("type", "电子发票（铁路电子客票）", "电子发票（普通发票）"),
        ("number", "24312000000012345678", "24312000000012345679"),
        ("total", Decimal("113.00"), Decimal("113.01")),
        ("issue_date", date(2024, 1, 5), date(2024, 1, 6)),
        ("is_red", True, False),
        ("buyer_tax_id", "91110105MA00P8L2RU", "91110105MA00P8L2RV"),
    ],
)
def test_values_that_differ_are_a_disagreement(field: str, one: Any, other: Any) -> None:
    facts = merged(reading(Source.XML, **{field: one}), reading(Source.TEXT, **{field: other}))
    assert disagreements(facts) == [(field, str(one), str(other))]


def test_a_doubtful_recognised_value_gives_way_to_the_code_without_alarm() -> None:
    code = reading(Source.QR, number="24312000000012345678")
    sure = merged(code, reading(Source.OCR, number="24312000000012345670", confidence=0.9))
    doubtful = merged(code, reading(Source.OCR, number="24312000000012345670", confidence=0.4))
    assert sure.get("number") == doubtful.get("number") == "24312000000012345678"
    assert disagreements(sure) and not disagreements(doubtful)
    assert not doubtful.fields["number"].others[0].agrees


def test_a_value_from_data_is_pointed_at_where_the_page_says_the_same() -> None:
    facts = merged(
        reading(Source.XML, number="1", drawer="甲"), reading(Source.TEXT, number="1", drawer="乙")
    )
    assert facts.fields["number"].place == PLACE
    assert facts.fields["drawer"].place is None


def test_the_amount_of_an_old_code_is_without_tax_and_of_a_new_one_with() -> None:
    for kind in (Kind.ELECTRONIC, Kind.DIGITAL):
        spec = InvoiceSpec.random(11, kind, lines=2)
        code = qr.read(qr_text(spec), None)
        assert code is not None
        text = reading(Source.TEXT, number=spec.number, net=spec.net, tax=spec.tax, total=spec.total)
        facts = merged(code, text)
        assert (facts.get("net"), facts.get("tax"), facts.get("total")) == (spec.net, spec.tax, spec.total)
        assert not facts.warnings


def test_a_code_with_the_other_amount_is_understood_and_no_false_alarm() -> None:
    text = reading(Source.TEXT, net=Decimal("100.00"), tax=Decimal("13.00"), total=Decimal("113.00"))
    facts = merged(reading(Source.QR, net=Decimal("113.00")), text)
    assert (facts.get("net"), facts.get("total"), facts.warnings) == (
        Decimal("100.00"),
        Decimal("113.00"),
        (),
    )
    facts = merged(reading(Source.QR, total=Decimal("100.00")), text)
    assert (facts.get("net"), facts.get("total"), facts.warnings) == (
        Decimal("100.00"),
        Decimal("113.00"),
        (),
    )
    facts = merged(reading(Source.QR, net=Decimal("99.00")), text)
    assert disagreements(facts) == [("net", "99.00", "100.00")]


@pytest.mark.parametrize("missing", ["net", "tax", "total"])
def test_the_third_amount_follows_from_two_and_says_so(missing: str) -> None:
    amounts = {"net": Decimal("100.00"), "tax": Decimal("13.00"), "total": Decimal("113.00")}
    known = {name: value for name, value in amounts.items() if name != missing}
    first, second = known
    facts = merged(
        reading(Source.XML, **{first: known[first]}),
        reading(Source.OCR, confidence=0.7, **{second: known[second]}),
    )
    assert facts.get(missing) == amounts[missing]
    fact = facts.fields[missing]
    assert fact.source is Source.OCR and fact.confidence == 0.7
    assert first in fact.raw and second in fact.raw


def test_nothing_is_derived_from_amounts_that_cannot_be_of_one_invoice() -> None:
    assert merged(reading(Source.TEXT, net=Decimal("100"), total=Decimal("900"))).get("tax") is None
    assert merged(reading(Source.TEXT, net=Decimal("100"), total=Decimal("99"))).get("tax") is None
    capitals = reading(Source.TEXT, net=Decimal("100"), tax=Decimal("13"), total_in_capitals="壹佰贰拾元整")
    assert merged(capitals).get("total") == Decimal("120.00")  # what stands there counts, the sum is checked
    lines = (Line("a", amount=Decimal("50.00")),)
    assert (
        merged(reading(Source.TEXT, tax=Decimal("13"), total=Decimal("113"), lines=lines)).get("net") is None
    )
    air = reading(
        Source.TEXT, type="电子发票（航空运输电子客票行程单）", tax=Decimal("9"), total=Decimal("159")
    )
    assert merged(air).get("net") is None


def test_the_total_is_taken_from_its_capitals_when_no_figures_were_read() -> None:
    facts = merged(reading(Source.OCR, total_in_capitals="（负数）壹佰壹拾叁圆整"))
    assert facts.get("total") == Decimal("-113.00")
    assert facts.fields["total"].source is Source.OCR
    assert facts.get("is_red") is True


def test_several_invoices_in_one_file_are_told_and_not_mixed() -> None:
    first, second = (
        reading(Source.QR, number=f"2431200000001234567{n}", total=Decimal(n + 1)) for n in (1, 2)
    )
    facts = merged(second, first, reading(Source.TEXT, drawer="王芳"))
    assert facts.warnings == (
        Warn("several-invoices", {"numbers": f"{first.get('number')}, {second.get('number')}"}),
    )
    assert (facts.get("number"), facts.get("total")) == (first.get("number"), Decimal("2"))
    assert facts.get("drawer") == "王芳"


def test_a_misread_number_is_a_disagreement_and_not_another_invoice() -> None:
    facts = merged(
        reading(Source.QR, number="24312000000012345678"),
        reading(Source.OCR, number="24312000000012345673", total=Decimal("5.00")),
    )
    assert [one.code for one in facts.warnings] == ["sources-disagree"]
    assert facts.get("total") == Decimal("5.00")


def test_lines_come_from_the_best_source_and_their_places_from_the_page() -> None:
    data = (Line("纸", amount=Decimal("5.00"), tax_class="106"), Line("笔", amount=Decimal("6.00")))
    page = tuple(replace(line, name=line.name + "?", tax_class=None, place=PLACE) for line in data)
    facts = merged(reading(Source.XML, number="1", lines=data), reading(Source.TEXT, number="1", lines=page))
    assert facts.lines_source is Source.XML
    assert [(line.name, line.place) for line in facts.lines] == [("纸", PLACE), ("笔", PLACE)]
    fewer = merged(
        reading(Source.XML, number="1", lines=data), reading(Source.TEXT, number="1", lines=page[:1])
    )
    assert [line.place for line in fewer.lines] == [None, None]


def test_readings_that_say_nothing_are_no_invoice() -> None:
    assert merge([]) is None
    assert merge([reading(Source.QR), reading(Source.TEXT)]) is None


def test_xml_and_code_of_one_drawn_invoice_agree() -> None:
    for seed in range(40):
        spec = InvoiceSpec.random(seed, (Kind.DIGITAL, Kind.DIGITAL_SPECIAL)[seed % 2])
        data, code = xml.read(as_einvoice_xml(spec), ""), qr.read(qr_text(spec), None)
        assert data is not None and code is not None
        facts = merged(data, code)
        assert not facts.warnings
        assert facts.identity == spec.number
        assert InvoiceFacts.from_json(facts.to_json()) == facts


VALUES = {
    str: st.sampled_from(["电子发票（普通发票）", "12345678", "甲", "乙", "壹佰元整", ""]),
    Decimal: st.sampled_from([Decimal("0.00"), Decimal("100.00"), Decimal("113.00"), Decimal("-13.00")]),
    date: st.sampled_from([date(2024, 1, 5), date(2023, 1, 5)]),
    bool: st.booleans(),
}
READINGS = st.lists(
    st.builds(
        Reading,
        source=st.sampled_from(Source),
        fields=st.fixed_dictionaries(
            {},
            optional={
                name: st.builds(
                    Value, value=VALUES[kind], confidence=st.sampled_from([0.3, 0.7, 1.0]), raw=st.just("")
                )
                for name, kind in FIELDS.items()
            },
        ),
        lines=st.lists(st.builds(Line, name=st.sampled_from("ab"), amount=VALUES[Decimal]), max_size=3).map(
            tuple
        ),
        origin=st.sampled_from(["", "page 1", "data.xml"]),
    ),
    max_size=6,
)


@given(READINGS, st.integers())
def test_merging_does_not_depend_on_the_order_of_the_readings(readings: list[Reading], seed: int) -> None:
    shuffled = list(readings)
    random.Random(seed).shuffle(shuffled)
    assert merge(readings) == merge(shuffled)


@given(READINGS)
def test_every_disagreement_is_told_unless_it_is_doubtful(readings: list[Reading]) -> None:
    facts = merge(readings)
    if facts is None:
        return
    told = {(one.context.get("field"), one.context.get("other")) for one in facts.warnings}
    for name, fact in facts.fields.items():
        for other in fact.others:
            if not other.agrees and other.source is not Source.OCR:
                assert (name, str(other.value)) in told


def test_of_several_codes_that_of_the_invoice_that_was_read_counts() -> None:
    invoices = (("2" * 20, 1), ("3" * 20, 2))
    codes = [reading(Source.QR, number=number, total=Decimal(total)) for number, total in invoices]
    for number, total in invoices:
        facts = merged(*codes, reading(Source.OCR, number=number, seller_name="云杉"))
        assert (facts.get("number"), facts.get("total")) == (number, Decimal(total))
        assert [one.code for one in facts.warnings] == ["several-invoices"]
