"""Checks of an invoice: a sound one has no warnings, and each fault has its own."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl

from core.i18n import LANGUAGES, translator
from ingest.invoices import checks, xml
from ingest.invoices.facts import Fact, InvoiceFacts, Line, Source, Warn
from ingest.invoices.merging import merge
from tests.ingest.invoices.builder import (
    GOODS,
    InvoiceSpec,
    Kind,
    as_cii,
    as_einvoice_xml,
    as_vat_xml,
    as_xbrl,
    credit_code,
)

TODAY = date(2030, 1, 1)


def facts_of(spec: InvoiceSpec) -> InvoiceFacts:
    if spec.kind in (Kind.DIGITAL, Kind.DIGITAL_SPECIAL):
        data = as_einvoice_xml(spec)
    elif spec.kind is Kind.FOREIGN:
        data = as_cii(spec)
    else:
        data = as_vat_xml(spec) if spec.kind in GOODS else as_xbrl(spec)
    reading = xml.read(data, "")
    assert reading is not None
    facts = merge([reading])
    assert facts is not None
    return facts


def ours(spec: InvoiceSpec) -> list[checks.Entity]:
    return [("别的公司", None), (spec.buyer.name, spec.buyer.tax_id)]


def changed(facts: InvoiceFacts, **fields: Any) -> InvoiceFacts:
    """The facts with other values; None takes a field out."""
    made = dict(facts.fields)
    for name, value in fields.items():
        made.pop(name, None)
        if value is not None:
            made[name] = Fact(value, Source.TEXT)
    return InvoiceFacts(made, facts.lines, facts.lines_source)


def codes(facts: InvoiceFacts, entities: list[checks.Entity], today: date | None = TODAY) -> list[str]:
    return [warning.code for warning in checks.check(facts, entities, today)]


@pytest.mark.parametrize("seed", range(80))
def test_a_sound_invoice_has_no_warnings(seed: int) -> None:
    spec = InvoiceSpec.random(seed)
    expected = ["foreign-currency"] if spec.kind is Kind.FOREIGN else []
    assert codes(facts_of(spec), ours(spec)) == expected


SPEC = InvoiceSpec.random(21, Kind.DIGITAL_SPECIAL, red=False, lines=3)
OLD = InvoiceSpec.random(22, Kind.ELECTRONIC, red=False, lines=3)
RED = InvoiceSpec.random(23, Kind.DIGITAL, red=True, lines=3)
AIR = InvoiceSpec.random(24, Kind.AIR)
OTHER_CODE = credit_code(random.Random(1))
WRONG = "A" if SPEC.seller.tax_id[17] != "A" else "B"
NEXT_YEAR = SPEC.issue_date.replace(year=SPEC.issue_date.year + 1)

FAULTS: list[tuple[str, InvoiceSpec, dict[str, Any]]] = [
    ("field-missing", SPEC, {"number": None}),
    ("field-missing", SPEC, {"issue_date": None}),
    ("field-missing", OLD, {"code": None}),
    ("amounts-do-not-add-up", SPEC, {"total": SPEC.total + Decimal("0.01"), "total_in_capitals": None}),
    ("lines-do-not-add-up", AIR, {"total": Decimal("1.00")}),
    ("lines-do-not-add-up", SPEC, {"net": SPEC.net + 5, "total": SPEC.total + 5, "total_in_capitals": None}),
    ("lines-do-not-add-up", SPEC, {"tax": SPEC.tax + 5, "total": SPEC.total + 5, "total_in_capitals": None}),
    ("capitals-differ", SPEC, {"total_in_capitals": "壹元整"}),
    ("capitals-unreadable", SPEC, {"total_in_capitals": "壹元壹元"}),
    ("date-in-future", SPEC, {"issue_date": TODAY + timedelta(days=1), "number": "30" + SPEC.number[2:]}),
    ("date-implausible", OLD, {"issue_date": date(1991, 1, 1), "code": None, "type": "发票"}),
    ("date-does-not-fit-number", SPEC, {"issue_date": NEXT_YEAR}),
    ("date-does-not-fit-number", OLD, {"issue_date": date(2015, 3, 1)}),
    ("number-has-wrong-shape", SPEC, {"number": "12345678"}),
    ("number-has-wrong-shape", OLD, {"number": "1234567"}),
    ("code-has-wrong-shape", SPEC, {"code": "011001900311"}),
    ("code-has-wrong-shape", OLD, {"code": "01100190031"}),
    ("tax-id-has-wrong-shape", SPEC, {"seller_tax_id": "12345"}),
    ("credit-code-doubtful", SPEC, {"seller_tax_id": SPEC.seller.tax_id[:17] + WRONG}),
    ("negative-but-not-red", RED, {"is_red": False}),
    ("red-but-positive", SPEC, {"is_red": True, "red_of_number": "24312000000012345678"}),
    ("red-without-original", RED, {"red_of_number": None}),
    ("foreign-currency", SPEC, {"currency": "USD"}),
    ("buyer-missing", SPEC, {"buyer_name": None, "buyer_tax_id": None}),
    ("buyer-not-ours", SPEC, {"buyer_name": "路人", "buyer_tax_id": OTHER_CODE}),
    ("buyer-not-ours", SPEC, {"buyer_name": None, "buyer_tax_id": OTHER_CODE}),
    ("buyer-tax-id-differs", SPEC, {"buyer_tax_id": OTHER_CODE}),
    ("buyer-tax-id-missing", SPEC, {"buyer_tax_id": None}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "spec", "fields"), FAULTS)
def test_each_fault_has_its_warning_and_no_other(code: str, spec: InvoiceSpec, fields: Any) -> None:
    assert codes(changed(facts_of(spec), **fields), ours(spec)) == [code]


def test_a_buyer_with_our_tax_id_is_ours_whatever_its_name() -> None:
    facts = changed(facts_of(SPEC), buyer_name="改名前的公司")
    assert codes(facts, ours(SPEC)) == []


def test_a_buyer_with_our_name_is_ours_however_it_is_written() -> None:
    facts = changed(facts_of(OLD), buyer_name="云杉（北京）科技有限公司", buyer_tax_id=OTHER_CODE)
    assert codes(facts, [("云杉(北京) 科技有限公司", None)]) == []
    assert codes(facts, [("云杉(北京) 科技有限公司", OTHER_CODE.lower())]) == []


def test_without_entities_or_today_nothing_is_said_of_them() -> None:
    facts = changed(facts_of(SPEC), buyer_name="路人", buyer_tax_id=OTHER_CODE)
    assert codes(facts, []) == []
    late = changed(facts_of(SPEC), issue_date=date(2090, 1, 1), number="90" + SPEC.number[2:])
    assert codes(late, ours(SPEC), None) == []


def test_lines_may_be_a_fen_off_each() -> None:
    lines = tuple(Line(str(at), amount=Decimal("1.00"), tax=Decimal("0.13")) for at in range(4))
    facts = changed(facts_of(OLD), net=Decimal("4.04"), tax=Decimal("0.49"), total=Decimal("4.53"))
    near = InvoiceFacts(facts.fields, lines)
    assert codes(near, ours(OLD)) == []
    assert codes(InvoiceFacts(facts.fields, lines[:3]), ours(OLD)) == ["lines-do-not-add-up"] * 2


def test_red_invoices_may_leave_the_word_negative_out_of_their_capitals() -> None:
    facts = facts_of(RED)
    said = facts.get("total_in_capitals").removeprefix("（负数）")
    assert codes(changed(facts, total_in_capitals=said), ours(RED)) == []


def test_a_recognised_value_that_nothing_backs_is_to_be_looked_at() -> None:
    facts = facts_of(SPEC)
    unsure = {**facts.fields, "total": Fact(SPEC.total, Source.OCR, confidence=0.7)}
    warnings = checks.check(InvoiceFacts(unsure, facts.lines), ours(SPEC), TODAY)
    assert warnings == (Warn("read-uncertainly", {"field": "total", "value": str(SPEC.total)}),)


def test_identity_cards_of_people_are_no_doubtful_codes() -> None:
    facts = changed(facts_of(SPEC), seller_tax_id="11010519491231002X")
    assert codes(facts, ours(SPEC)) == []


def emitted() -> set[str]:
    source = Path(checks.__file__).read_text("utf-8")
    return {part.split('"')[0] for part in source.split('Warn("')[1:]} | {
        "sources-disagree",
        "several-invoices",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_warning_has_a_text_with_all_its_values(language: Any) -> None:
    text = translator(language)
    for code, spec, fields in FAULTS:
        for warning in checks.check(changed(facts_of(spec), **fields), ours(spec), TODAY):
            said = text.text(f"warning-{warning.code}", **warning.context)
            assert not said.startswith("warning-")
            for name, value in warning.context.items():
                assert name in ("field", "party") or value in said, (code, said)
    assert all(text.has(f"warning-{code}") for code in emitted())


def test_every_warning_of_the_texts_names_every_field() -> None:
    for language in LANGUAGES:
        path = Path(checks.__file__).parents[1] / "locales" / f"{language}.ftl"
        found = {
            e.id.name
            for e in FluentParser().parse(path.read_text("utf-8")).body
            if isinstance(e, ftl.Message)
        }
        assert {f"warning-{code}" for code in emitted()} <= found
