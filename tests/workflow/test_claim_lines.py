"""Lines of a claim, by property: amounts, tax, working days, and forms that strangers send."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow import forms
from workflow.claim_lines import Claimable, late_invoices, lines_of, sum_of, tax_in, tax_of
from workflow.errors import ClaimAmountWrong, FlowInvalid, FormInvalid, InvoiceTwice
from workflow.flows import ClaimWithin, Flow, parse_flow, shipped_flows
from workflow.working_days import is_working_day, working_days_after

FLOW = next(flow for flow in shipped_flows() if flow.key == "reimbursement")
MONEY = st.integers(1, 10**10).map(lambda fen: Decimal(fen) / 100)


def claimable(**changes: Any) -> Claimable:
    made: dict[str, Any] = {
        "document_id": uuid4(), "title": "发票.pdf", "key": str(uuid4()), "digest": str(uuid4()),
        "number": "26312000000010000011", "issue_date": date(2026, 11, 20), "seller": "江南",
        "tax": Decimal("6.00"), "total": Decimal("106.00"), "currency": "CNY", "is_red": False,
        "warnings": (), "corrections": (), "override": None, "updated_at": None,
    }  # fmt: skip
    return Claimable(**{**made, **changes})


def entry(invoice: Claimable, amount: Decimal | None = None) -> dict[str, Any]:
    return {
        "document": str(invoice.document_id),
        "category": "travel",
        "amount": None if amount is None else f"{amount:.2f}",
        "note": None,
    }


@given(MONEY, st.fractions(0, 1), st.fractions(0, 1), st.booleans())
def test_tax_is_the_exact_share_to_the_nearest_fen(
    total: Decimal, tax_share: Fraction, amount_share: Fraction, is_red: bool
) -> None:
    fen = int(total * 100)
    tax = Decimal(int(fen * tax_share)) / 100
    amount = Decimal(max(1, int(fen * amount_share))) / 100
    sign = -1 if is_red else 1
    found = tax_in(amount * sign, claimable(total=total * sign, tax=tax * sign, is_red=is_red))
    assert found is not None
    exact = Fraction(tax) * Fraction(amount) / Fraction(total)
    assert abs(abs(Fraction(found)) - exact) <= Fraction(1, 200)
    assert found * sign >= 0
    assert found.as_tuple().exponent == -2
    if amount == total:
        assert found == tax * sign


def test_half_a_fen_is_rounded_up() -> None:
    # 0.01 × 50.00 / 100.00 is half a fen
    assert tax_in(Decimal("50.00"), claimable(total=Decimal("100"), tax=Decimal("0.01"))) == Decimal("0.01")
    red = claimable(total=Decimal("-100"), tax=Decimal("-0.01"), is_red=True)
    assert tax_in(Decimal("-50.00"), red) == Decimal("-0.01")


@given(st.lists(MONEY, min_size=1, max_size=20))
def test_sums_are_exactly_those_of_the_lines(totals: list[Decimal]) -> None:
    invoices = [claimable(total=total, tax=(total / 10).quantize(Decimal("0.01"))) for total in totals]
    lines = lines_of("invoices", [entry(one) for one in invoices], {i.document_id: i for i in invoices})
    assert sum_of(lines) == sum(totals)
    assert tax_of(lines) == sum(line.tax for line in lines if line.tax is not None)


@given(MONEY, MONEY)
def test_a_line_is_never_more_than_its_invoice(total: Decimal, amount: Decimal) -> None:
    invoice = claimable(total=total)
    try:
        (line,) = lines_of("invoices", [entry(invoice, amount)], {invoice.document_id: invoice})
    except ClaimAmountWrong:
        assert amount > total
    else:
        assert line.amount == amount <= total


def test_the_same_file_under_another_number_is_the_same_invoice() -> None:
    first, second = claimable(digest="d"), claimable(digest="d")
    with pytest.raises(InvoiceTwice):
        lines_of("invoices", [entry(first), entry(second)], {one.document_id: one for one in (first, second)})


DAYS = st.dates(date(1990, 1, 1), date(2099, 12, 31))


@given(DAYS, st.integers(0, 40))
def test_working_days_are_counted_as_a_person_counts_them(start: date, length: int) -> None:
    end = start + timedelta(length)
    expected = sum(is_working_day(start + timedelta(day)) for day in range(1, length + 1))
    assert working_days_after(start, end, 100) == expected
    assert working_days_after(start, end, 3) == min(expected, 3)
    assert working_days_after(end, start, 3) == 0


@pytest.mark.parametrize(
    ("day", "is_worked"),
    [
        (date(2026, 10, 1), False),  # National Day
        (date(2026, 10, 10), True),  # a Saturday that is worked instead
        (date(2026, 11, 21), False),  # a Saturday
        (date(1999, 10, 1), True),  # before the calendar begins only weekends are known
        (date(2093, 1, 3), False),
    ],
)
def test_holidays_and_worked_weekends_are_known(day: date, is_worked: bool) -> None:
    assert is_working_day(day) == is_worked


def test_an_ancient_invoice_is_late_at_once() -> None:
    rule = ClaimWithin(working_days=3, of="invoices")
    ancient = claimable(issue_date=date(1, 1, 1))
    lines = lines_of("invoices", [entry(ancient)], {ancient.document_id: ancient})
    assert late_invoices(rule, lines, date(2026, 11, 26)) == (ancient,)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
LINE = st.fixed_dictionaries(
    {},
    optional={
        "document": st.uuids().map(str) | JSON,
        "category": st.sampled_from(["travel", "office", "nothing"]) | JSON,
        "amount": st.sampled_from(["1.00", "-2", "1e400", "NaN", ""]) | JSON,
        "note": st.text(max_size=300) | JSON,
    },
)


@given(st.lists(LINE, max_size=4) | JSON)
def test_whatever_is_sent_as_invoices_is_understood_or_refused(sent: Any) -> None:
    try:
        values = forms.check(FLOW, {"purpose": "出差", "invoices": sent})
    except FormInvalid as error:
        assert set(error.problems) == {"invoices"}
        return
    for line in values["invoices"]:
        assert set(line) == {"document", "category", "amount", "note"}
        assert UUID(line["document"])
        assert line["category"] in {one.value for one in FLOW.invoices_field().categories}  # type: ignore[union-attr]
        assert line["amount"] is None or Decimal(line["amount"]).is_finite()


def declared(**changes: Any) -> Flow:
    import yaml

    return parse_flow(yaml.safe_dump({**FLOW.model_dump(mode="json", by_alias=True), **changes}))


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"claim_within": {"working_days": 3, "of": "purpose"}}, "claim_within.of"),
        ({"claim_within": {"working_days": 3, "of": "invoices", "reason": "amount"}}, "claim_within.reason"),
        ({"claim_within": {"working_days": 3, "of": "invoices", "reason": "purpose"}}, "required"),
        ({"claim_within": {"working_days": -1, "of": "invoices"}}, "greater"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(FlowInvalid) as raised:
        declared(**changes)
    assert place in f"{raised.value.context['place']} {raised.value.context['reason']}"


def test_a_flow_may_have_no_rule() -> None:
    assert declared(claim_within=None).claim_within is None
