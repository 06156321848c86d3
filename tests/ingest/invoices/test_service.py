"""Invoices as services see them: recorded, corrected, compared, and inquired about."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.clock import FixedClock
from core.errors import Forbidden, NotFound
from core.models import OutboxJob
from core.tasks import run_pending
from ingest.invoices.checking import MOST_A_DAY, MOST_TRIES, InquiryKind, InvoiceChecking, inquiry_of, kind_of
from ingest.invoices.correcting import parse, read_back, write
from ingest.invoices.errors import (
    GatewayMissing,
    InquiryElsewhere,
    InquiryIncomplete,
    InquiryLimit,
    InvoiceFieldNotUnderstood,
    InvoiceFieldUnknown,
)
from ingest.invoices.facts import FIELDS, Source
from ingest.invoices.models import CheckOutcome, Invoice, InvoiceCheck
from ingest.invoices.service import InvoiceService
from ingest.models import DocumentKind
from search.index import Query
from search.service import Searcher
from tests.ingest.invoices.gateway_server import Gateway, open_gateway
from tests.office import Office, open_office
from tests.workflow.claiming import OURS, invoice, next_number, read

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


def service(office: Office) -> InvoiceService:
    return office.runtime.get(InvoiceService)


def correct(office: Office, username: str, document: UUID, field: str, text: str) -> None:
    with office.runtime.database.write() as session:
        service(office).correct(session, office.principal(username), document, field, text)


def view(office: Office, username: str, document: UUID) -> Any:
    with office.runtime.database.read() as session:
        return service(office).get(session, office.principal(username), document)


def codes(office: Office, document: UUID) -> set[str]:
    return {one.code for one in view(office, "staff", document).warnings}


def test_a_correction_counts_and_what_was_read_stays_beside_it(office: Office) -> None:
    document = invoice(office)
    correct(office, "staff", document, "total", "￥1,106.00")
    field = view(office, "staff", document).field("total")
    assert (field.value, field.read, field.source) == (Decimal("1106.00"), Decimal("106.00"), Source.XML)
    assert (field.correction.before, field.correction.after, field.correction.person) == (
        "106.00",
        "1106.00",
        "张伟",
    )
    correct(office, "staff", document, "total", "106")
    assert view(office, "staff", document).field("total").correction is None


def test_reading_again_keeps_corrections(office: Office) -> None:
    number, corrected_number = next_number(), next_number()
    document = invoice(office, number=number)
    correct(office, "staff", document, "number", corrected_number)
    read(office, document, {"number": number, "total": Decimal("7.00")})
    field = view(office, "staff", document).field("number")
    assert (field.value, field.read) == (corrected_number, number)
    assert view(office, "staff", document).identity == corrected_number


def test_checks_run_anew_after_a_correction(office: Office) -> None:
    document = invoice(office)
    before = codes(office, document)
    correct(office, "staff", document, "net", "99.00")  # 99 + 6 is not 106
    assert "amounts-do-not-add-up" in codes(office, document) - before
    correct(office, "staff", document, "net", "100")
    assert codes(office, document) == before


def test_only_owner_and_finance_correct(office: Office) -> None:
    document = invoice(office)
    with pytest.raises(Forbidden):
        correct(office, "head", document, "number", "1")  # the head sees it
    with pytest.raises(NotFound):
        correct(office, "other", document, "number", "1")
    with pytest.raises(InvoiceFieldUnknown):
        correct(office, "staff", document, "pin", "1")


def test_an_invoice_of_which_nothing_was_read_is_filled_in_by_hand(office: Office) -> None:
    from tests.office import contract_pdf

    document = office.upload("staff", contract_pdf("一张照片"), "photo.pdf", DocumentKind.INVOICE)
    with office.runtime.database.write() as session:
        row = session.get(Invoice, document)
        if row is not None:  # the text of a contract said something after all
            session.delete(row)
    assert view(office, "staff", document).field("number").value is None
    correct(office, "staff", document, "number", "26312000000099999999")
    assert view(office, "staff", document).identity == "26312000000099999999"


def test_twins_are_told_apart_by_invoice_and_by_file(office: Office) -> None:
    number = next_number()
    first, second = invoice(office, number=number), invoice(office, number=number)
    version = office.store.read(office_digest(office, first))
    copy = office.upload("staff", version, "copy.pdf", DocumentKind.INVOICE)
    read(office, copy, {"number": next_number()})
    twins = view(office, "staff", first).twins
    assert {(one.document_id, one.same) for one in twins.seen} == {(second, "invoice"), (copy, "file")}
    assert twins.hidden == 0


def office_digest(office: Office, document: UUID) -> str:
    with office.runtime.database.read() as session:
        return office.ingest.version(session, document, 1).digest


def test_an_invoice_is_found_by_its_number_parties_and_amounts(office: Office) -> None:
    document = invoice(office, code="031001900411", number="00998877", total=Decimal("54321.00"))
    office.work_off()
    searcher, staff = office.runtime.get(Searcher), office.principal("staff")
    for text in ("00998877", "031001900411", "03100190041100998877", "江南旅行服务", "54,321.00", OURS):
        hits = searcher.search(staff, Query(text=text, kind="document")).hits
        assert document in {hit.id for hit in hits}, text


def test_an_amount_that_no_column_can_hold_stops_nothing(office: Office) -> None:
    document = invoice(office)
    with office.runtime.database.write() as session:
        from tests.workflow.claiming import facts_of

        facts = facts_of({"number": "1" * 500, "total": Decimal("1e40"), "tax": Decimal("0.005")})
        service(office).record(session, document, facts)
    with office.runtime.database.read() as session:
        row = session.get_one(Invoice, document)
        assert (row.total, row.tax) == (None, Decimal("0.01"))


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("issue_date", "2026年11月20日", date(2026, 11, 20)),
        ("issue_date", "20261120", date(2026, 11, 20)),
        ("issue_date", "2026/1/2", date(2026, 1, 2)),
        ("total", "１２３４.５", Decimal("1234.50")),
        ("is_red", "是", True),
        ("number", " 2631 2000 ", "26312000"),
        ("seller_tax_id", "91310000ma1fl5x17a", "91310000MA1FL5X17A"),
        ("currency", "usd", "USD"),
        ("buyer_name", "  云杉\t测试 ", "云杉 测试"),
        ("remark", "   ", None),
        ("total", "", None),
    ],
)
def test_corrections_are_understood_by_type(field: str, text: str, value: Any) -> None:
    assert parse(field, text) == value


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("issue_date", "2026-02-30"), ("issue_date", "yesterday"), ("total", "1.234"), ("total", "NaN"),
        ("total", "1e99"), ("total", "Infinity"), ("is_red", "perhaps"), ("number", "发票"),
        ("currency", "元"), ("number", "1" * 31), ("buyer_name", "云" * 201),
    ],
)  # fmt: skip
def test_what_is_not_of_the_fields_type_is_refused(field: str, text: str) -> None:
    with pytest.raises(InvoiceFieldNotUnderstood):
        parse(field, text)


@given(st.sampled_from(sorted(FIELDS)), st.text(max_size=60))
def test_any_text_is_understood_or_refused_and_survives_being_written(field: str, text: str) -> None:
    try:
        value = parse(field, text)
    except InvoiceFieldNotUnderstood:
        return
    assert read_back(field, write(value)) == value


# inquiries


def row(**columns: Any) -> Invoice:
    return Invoice(issue_date=date(2026, 11, 20), **columns)


@pytest.mark.parametrize(
    ("invoice_row", "kind", "fields"),
    [
        (row(number="26312000000010000011", total=Decimal("1")), InquiryKind.DIGITAL, {"total"}),
        (
            row(type="增值税专用发票", code="3100204130", number="1", net=Decimal("1")),
            InquiryKind.SPECIAL,
            {"code", "net"},
        ),
        (
            row(
                type="增值税电子普通发票", code="031001900411", number="1", check_code="12345678901234567890"
            ),
            InquiryKind.ORDINARY,
            {"code", "check_code"},
        ),
    ],
)
def test_each_kind_has_its_own_field_set(invoice_row: Invoice, kind: InquiryKind, fields: set[str]) -> None:
    assert kind_of(invoice_row) == kind
    asked = inquiry_of(invoice_row).to_json()
    assert set(asked) == {"kind", "number", "issue_date", *fields}
    assert asked.get("check_code", "567890") == "567890"


def test_missing_fields_are_named() -> None:
    with pytest.raises(InquiryIncomplete) as raised:
        inquiry_of(row(type="增值税普通发票", code="031001900411", number="1", check_code="123"))
    assert raised.value.context["fields"] == "校验码"


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with open_gateway() as made:
        yield made


@pytest.fixture
def asking(tmp_path: Path, empty_database_url: str, gateway: Gateway) -> Iterator[Office]:
    """An office whose gateway is played by the test, on both databases."""
    mapping = {
        "version": 1,
        "name": "played",
        "url": gateway.url,
        "timeout_seconds": 5,
        "request": {"fields": {"fphm": "{number}", "je": "{amount}"}},
        "response": {"outcomes": [{"path": "r", "values": ["1"], "outcome": "consistent"}]},
    }
    path = tmp_path / "gateway.yaml"
    path.write_text(yaml.safe_dump(mapping), "utf-8")
    clock = FixedClock(NOON)
    with open_office(tmp_path / "home", empty_database_url, clock=clock, invoice_gateway=str(path)) as office:
        yield office


def ask(office: Office, document: UUID, by: str = "staff") -> UUID:
    with office.runtime.database.write() as session:
        return office.runtime.get(InvoiceChecking).ask(session, office.principal(by), document)


def checks(office: Office, document: UUID) -> list[tuple[str, int]]:
    with office.runtime.database.read() as session:
        found = service(office).checks(session, office.principal("staff"), document)
    return [(one.outcome, one.attempt) for one in found]


def test_an_inquiry_is_answered_in_the_background_and_kept(asking: Office, gateway: Gateway) -> None:
    gateway.answer((200, {"r": "1", "detail": {"seller": "江南"}}))
    document = invoice(asking)
    ask(asking, document)
    assert checks(asking, document) == [("pending", 1)]
    asking.work_off()
    assert checks(asking, document) == [("consistent", 1)]
    with asking.runtime.database.read() as session:
        (check,) = service(asking).checks(session, asking.principal("staff"), document)
    assert check.answer == {"r": "1", "detail": {"seller": "江南"}}
    assert (check.provider, check.day, check.person) == ("played", date(2026, 11, 24), "张伟")
    assert check.inputs["total"] == "106.00"


def test_a_gateway_that_is_away_is_asked_again_without_counting_again(
    asking: Office, gateway: Gateway
) -> None:
    gateway.answer((503, {}), (503, {}), (200, {"r": "1"}))
    document = invoice(asking)
    ask(asking, document)
    clock = asking.runtime.clock
    assert isinstance(clock, FixedClock)
    for _ in range(3):
        run_pending(asking.runtime)
        clock.advance(timedelta(minutes=30))
    assert checks(asking, document) == [("consistent", 1)]
    assert len(gateway.asked) == 3


def test_a_gateway_that_stays_away_ends_as_no_answer(asking: Office, gateway: Gateway) -> None:
    gateway.answer((500, {}))
    document = invoice(asking)
    ask(asking, document)
    clock = asking.runtime.clock
    assert isinstance(clock, FixedClock)
    for _ in range(MOST_TRIES + 2):
        run_pending(asking.runtime)
        clock.advance(timedelta(hours=2))
    assert checks(asking, document) == [("failed", 1)]
    assert len(gateway.asked) == MOST_TRIES
    with asking.runtime.database.read() as session:
        assert session.scalars(select(OutboxJob).where(OutboxJob.task == "ingest.check_invoice")).all() == []


def test_a_fiscal_bill_is_not_asked_about_at_the_tax_platform(asking: Office, gateway: Gateway) -> None:
    document = invoice(asking, type="上海市医疗门诊收费票据（电子）", number="0022739009", code="31060123")
    with pytest.raises(InquiryElsewhere):
        ask(asking, document)
    asking.work_off()
    assert (checks(asking, document), gateway.asked) == ([], [])


def test_an_invoice_is_inquired_about_five_times_a_day(asking: Office, gateway: Gateway) -> None:
    gateway.answer((200, {"r": "1"}))
    number = next_number()
    document, twin = invoice(asking, number=number), invoice(asking, number=number)
    results: list[str] = []

    def one(place: int) -> None:
        try:
            ask(asking, (document, twin)[place % 2])
            results.append("asked")
        except InquiryLimit:
            results.append("limit")

    threads = [threading.Thread(target=one, args=(place,)) for place in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["asked"] * MOST_A_DAY + ["limit"] * 4
    with asking.runtime.database.read() as session:
        attempts = session.scalars(select(InvoiceCheck.attempt).order_by(InvoiceCheck.attempt)).all()
    assert attempts == [1, 2, 3, 4, 5]
    clock = asking.runtime.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(hours=12, minutes=1))  # midnight in Shanghai has passed
    ask(asking, document)


def test_the_clerk_enters_the_outcome_with_a_screenshot(office: Office) -> None:
    document = invoice(office)
    shot = office.upload("finance", office.store.read(office_digest(office, document)), "查验.pdf",
                         DocumentKind.ATTACHMENT)  # fmt: skip
    checking = office.runtime.get(InvoiceChecking)
    staff, finance = office.principal("staff"), office.principal("finance")
    with office.runtime.database.write() as session:
        with pytest.raises(GatewayMissing):
            checking.ask(session, staff, document)
        with pytest.raises(NotFound):  # finance does not see the invoice yet
            checking.enter(session, finance, document, CheckOutcome.CONSISTENT, shot)
        with pytest.raises(NotFound):  # nor staff finance's screenshot
            checking.enter(session, staff, document, CheckOutcome.CONSISTENT, shot)
    own = office.upload("staff", office.store.read(office_digest(office, document)), "查验.pdf",
                        DocumentKind.ATTACHMENT)  # fmt: skip
    with office.runtime.database.write() as session:
        checking.enter(session, staff, document, CheckOutcome.VOIDED, own, "11 月已作废")
    assert checks(office, document) == [("voided", 1)]
    assert view(office, "staff", document).checks[0].screenshot_id == own
