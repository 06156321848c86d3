"""Claims: several invoices in one reimbursement, each claimed once, released as the rules say."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.clock import FixedClock
from core.errors import Forbidden, NotFound, VermilionError
from ingest.invoices.errors import InvoiceFixed, OverrideNotNeeded, ReasonNeeded
from ingest.invoices.exceptions import InvoiceExceptions
from ingest.invoices.service import InvoiceService
from ingest.invoices.views import InvoiceFilter
from tests.office import Office, open_office
from tests.workflow.claiming import break_signature, form, invoice, next_number, states, submit
from workflow.errors import FormInvalid
from workflow.folder import FolderFilter, FolderState
from workflow.models import Case, CaseDocument, ClaimRelease, InvoiceClaim, Outcome, ReleaseEvent


def problem(raised: pytest.ExceptionInfo[FormInvalid], field: str = "invoices") -> VermilionError:
    assert list(raised.value.problems) == [field]
    return raised.value.problems[field]


def refused(office: Office, *lines: Any, field: str = "invoices", **changes: Any) -> VermilionError:
    """The problem that a submission has; nothing of it is left behind."""
    with office.runtime.database.read() as session:
        before = session.scalar(select(func.count()).select_from(Case))
    with pytest.raises(FormInvalid) as raised:
        submit(office, *lines, **changes)
    with office.runtime.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == before
    return problem(raised, field)


def test_several_invoices_are_claimed_with_amounts_categories_and_tax(office: Office) -> None:
    hotel, meal = invoice(office), invoice(office, total=Decimal("300"), tax=Decimal("16.98"))
    case_id = submit(
        office,
        {"document": str(hotel), "category": "travel", "amount": "50.00", "note": "一晚"},
        {"document": str(meal), "category": "entertainment"},
    )
    with office.runtime.database.read() as session:
        claims = {
            row.document_id: (row.amount, row.tax, row.category, row.state)
            for row in session.scalars(select(InvoiceClaim).where(InvoiceClaim.case_id == case_id))
        }
        case = session.get_one(Case, case_id)
    # 6.00 × 50 / 106 = 2.8301…
    assert claims[hotel] == (Decimal("50.00"), Decimal("2.83"), "travel", "claiming")
    assert claims[meal] == (Decimal("300.00"), Decimal("16.98"), "entertainment", "claiming")
    assert case.amount == Decimal("350.00")
    (lines,) = [fact.value for fact in office.view("head", case_id).facts if fact.kind == "invoices"]
    assert [(line.amount, line.note) for line in lines] == [  # type: ignore[union-attr]
        (Decimal("50.00"), "一晚"),
        (Decimal("300.00"), ""),
    ]


def test_a_paid_claim_stays_and_a_second_one_is_refused(office: Office) -> None:
    document = invoice(office)
    case_id = submit(office, document)
    serial = office.view("staff", case_id).case.serial_number
    error = refused(office, document)
    assert (error.code, error.context["serial"]) == ("invoice-being-claimed", serial)
    office.approve_all(case_id, "head", "finance")
    assert states(office, [document]) == ["claimed"]
    assert refused(office, document).code == "invoice-claimed"


def test_another_carrier_of_a_claimed_invoice_is_refused_without_telling_whose(office: Office) -> None:
    number = next_number()
    case_id = submit(office, invoice(office, number=number))
    twin = invoice(office, "other", number=number)
    error = refused(office, twin, by="other")
    assert (error.code, error.context["serial"]) == ("invoice-being-claimed", "none")
    with office.runtime.database.read() as session:
        other = office.principal("other")
        view = office.workflow.claim_state(session, other, [twin])[twin]
        twins = office.runtime.get(InvoiceService).twins(session, other, twin)
    assert (view.state, view.case_id, view.amount, view.is_own) == (FolderState.CLAIMING, None, None, False)
    assert (twins.seen, twins.hidden) == ((), 1)
    assert office.view("staff", case_id).case.state == "running"


def test_the_same_file_is_not_claimed_twice_by_correcting_its_number(office: Office) -> None:
    document = invoice(office)
    submit(office, document)
    data = office.store.read(office.view("staff", _case_of(office, document)).documents[0].digest)
    from ingest.models import DocumentKind
    from tests.workflow.claiming import read

    again = office.upload("staff", data, "again.pdf", DocumentKind.INVOICE)
    read(office, again, {"number": next_number(), "total": Decimal("106.00")})
    assert refused(office, again, late_reason="补交").code == "invoice-being-claimed"


def _case_of(office: Office, document: UUID) -> UUID:
    with office.runtime.database.read() as session:
        return session.scalars(select(CaseDocument.case_id).where(CaseDocument.document_id == document)).one()


def test_two_carriers_of_one_invoice_do_not_stand_in_one_claim(office: Office) -> None:
    number = next_number()
    error = refused(office, invoice(office, number=number), invoice(office, number=number))
    assert error.code == "invoice-twice"


@pytest.mark.parametrize("amount", ["0", "-1", "106.01", "1e30"])
def test_a_line_claims_neither_nothing_nor_more_than_the_invoice(office: Office, amount: str) -> None:
    line = {"document": str(invoice(office)), "category": "travel", "amount": amount}
    assert refused(office, line).code in ("claim-amount-wrong", "field-out-of-range", "field-not-understood")


def test_a_red_invoice_is_a_negative_line(office: Office) -> None:
    red = invoice(office, is_red=True, net=Decimal("-10"), tax=Decimal("-0.60"), total=Decimal("-10.60"))
    blue = invoice(office)
    too_much = {"document": str(red), "category": "travel", "amount": "10.60"}
    assert refused(office, blue, too_much).code == "claim-amount-wrong"
    case_id = submit(office, blue, red)
    with office.runtime.database.read() as session:
        assert session.get_one(Case, case_id).amount == Decimal("95.40")
        claim = session.scalars(select(InvoiceClaim).where(InvoiceClaim.document_id == red)).one()
    assert (claim.amount, claim.tax) == (Decimal("-10.60"), Decimal("-0.60"))


def test_an_invoice_in_another_currency_needs_its_amount_in_yuan(office: Office) -> None:
    foreign = invoice(office, currency="USD", total=Decimal("20.00"), tax=None)
    assert refused(office, foreign).code == "claim-amount-missing"
    case_id = submit(office, {"document": str(foreign), "category": "travel", "amount": "142.30"})
    with office.runtime.database.read() as session:
        assert session.get_one(Case, case_id).amount == Decimal("142.30")


def test_the_forms_amount_is_the_sum_of_the_lines(office: Office) -> None:
    first, second = invoice(office), invoice(office)
    error = refused(office, first, second, field="amount", amount="212.01")
    assert (error.code, error.context["sum"]) == ("claim-sum-wrong", "212.00")
    submit(office, first, second, amount="212.00")


def test_somebody_elses_invoice_cannot_be_claimed(office: Office) -> None:
    theirs = invoice(office, "staff")
    assert refused(office, theirs, by="head").code == "document-not-usable"


def test_a_broken_invoice_enters_a_claim_only_with_an_exception_by_finance(office: Office) -> None:
    document = invoice(office)
    break_signature(office, document)
    assert refused(office, document).code == "invoice-broken"
    invoices, exceptions = office.runtime.get(InvoiceService), office.runtime.get(InvoiceExceptions)
    staff, finance = office.principal("staff"), office.principal("finance")
    with office.runtime.database.write() as session:
        with pytest.raises(Forbidden):
            exceptions.make(session, staff, document, "没关系")
        with pytest.raises(NotFound):  # nobody showed it to finance yet
            exceptions.make(session, finance, document, "没关系")
        exceptions.ask(session, staff, document)
    with office.runtime.database.write() as session:
        (row,) = invoices.list_invoices(session, finance, InvoiceFilter(only_broken=True))
        assert row.document_id == document
        with pytest.raises(ReasonNeeded):
            exceptions.make(session, finance, document, "  ")
        exceptions.make(session, finance, document, "销售方已书面确认")
    with office.runtime.database.write() as session:
        assert invoices.list_invoices(session, finance, InvoiceFilter(only_broken=True)) == []
        with pytest.raises(OverrideNotNeeded):
            exceptions.make(session, finance, document, "再来一次")
    case_id = submit(office, document)
    text = _text(office.papers(case_id)["sheet"])
    assert "销售方已书面确认" in text


def _text(pdf: bytes) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def test_a_rejected_claim_sets_its_invoices_free_and_says_so(office: Office) -> None:
    document = invoice(office)
    case_id = submit(office, document)
    office.decide("head", case_id, Outcome.REJECTED, "超标")
    assert states(office, [document]) == ["rejected"]
    with office.runtime.database.read() as session:
        view = office.workflow.claim_state(session, office.principal("staff"), [document])[document]
    assert view.case_id == case_id
    submit(office, document)
    assert states(office, [document]) == ["claiming"]


def test_a_withdrawn_claim_sets_its_invoices_free(office: Office) -> None:
    document = invoice(office)
    office.workflow.withdraw(office.principal("staff"), submit(office, document))
    assert states(office, [document]) == ["unclaimed"]
    submit(office, document)


def test_a_returned_claim_keeps_its_invoices_until_it_is_submitted_without_them(office: Office) -> None:
    kept, dropped, added = invoice(office), invoice(office), invoice(office)
    case_id = submit(office, kept, dropped)
    office.decide("head", case_id, Outcome.RETURNED, "请核对")
    assert refused(office, dropped).code == "invoice-being-claimed"
    lines = [{"document": str(kept), "category": "office", "amount": "6.00"}, added]
    office.workflow.submit(office.principal("staff"), "reimbursement", form(*lines), resubmit=case_id)
    assert states(office, [kept, dropped, added]) == ["claiming", "unclaimed", "claiming"]
    with office.runtime.database.read() as session:
        claim = session.scalars(select(InvoiceClaim).where(InvoiceClaim.document_id == kept)).one()
        release = session.scalars(select(ClaimRelease)).one()
        assert (claim.amount, claim.category) == (Decimal("6.00"), "office")
        assert (release.document_id, release.event) == (dropped, ReleaseEvent.REPLACED)
        assert session.get_one(Case, case_id).amount == Decimal("112.00")
    submit(office, dropped)


def test_finance_releases_a_claim_with_a_reason(office: Office) -> None:
    document = invoice(office)
    case_id = submit(office, document)
    office.approve_all(case_id, "head", "finance")
    workflow = office.workflow
    with office.runtime.database.write() as session:
        with pytest.raises(Forbidden):
            workflow.release_claim(session, office.principal("staff"), document, "我要")
        with pytest.raises(ReasonNeeded):
            workflow.release_claim(session, office.principal("finance"), document, " ")
        workflow.release_claim(session, office.principal("finance"), document, "付款被银行退回")
    assert states(office, [document]) == ["unclaimed"]
    submit(office, document)


def test_an_invoice_in_a_claim_is_not_corrected_until_it_comes_back(office: Office) -> None:
    document = invoice(office)
    case_id = submit(office, document)
    invoices, staff = office.runtime.get(InvoiceService), office.principal("staff")
    with office.runtime.database.write() as session, pytest.raises(InvoiceFixed):
        invoices.correct(session, staff, document, "number", next_number())
    office.decide("head", case_id, Outcome.RETURNED, "号码不对")
    number = next_number()
    with office.runtime.database.write() as session:
        invoices.correct(session, staff, document, "number", number)
    office.workflow.submit(staff, "reimbursement", form(document), resubmit=case_id)
    with office.runtime.database.read() as session:
        assert session.scalars(select(InvoiceClaim.identity)).all() == [number]
    assert number in _text(office.papers(case_id)["sheet"])


FRIDAY = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("issued", "is_late"),
    [
        (date(2026, 11, 17), False),  # Tuesday: three working days before Friday
        (date(2026, 11, 16), True),
        (date(2026, 11, 20), False),
        (date(2027, 1, 1), False),  # not yet
        (None, False),  # cannot be judged
    ],
)
def test_a_claim_begins_within_three_working_days(tmp_path: Path, issued: date | None, is_late: bool) -> None:
    with open_office(tmp_path / "home", clock=FixedClock(FRIDAY)) as office:
        document = invoice(office, issue_date=issued)
        if not is_late:
            submit(office, document)
            return
        error = refused(office, document, field="late_reason")
        assert error.code == "claim-late"
        assert "2026-11-16" in str(error.context["invoices"])
        case_id = submit(office, document, late_reason="出差未归")
        assert "出差未归" in _text(office.papers(case_id)["sheet"])


def test_national_holidays_are_no_working_days(tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 10, 9, 1, tzinfo=UTC))  # the second working day after the holidays
    with open_office(tmp_path / "home", clock=clock) as office:
        submit(office, invoice(office, issue_date=date(2026, 9, 30)))


def test_the_day_is_that_of_the_organisations_zone(tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 11, 19, 17, tzinfo=UTC))  # Friday at one in the morning in Shanghai
    with open_office(tmp_path / "home", clock=clock) as office:
        assert refused(office, invoice(office, issue_date=date(2026, 11, 16)), field="late_reason")


def test_the_folder_counts_and_adds_up_by_state(office: Office) -> None:
    number = next_number()
    free, paid, refunded = invoice(office, number=number), invoice(office), invoice(office)
    twin = invoice(office, number=number)  # another carrier of the free one
    foreign = invoice(office, currency="USD")
    office.approve_all(submit(office, paid), "head", "finance")
    office.decide("head", submit(office, refunded), Outcome.REJECTED, "不符")
    staff = office.principal("staff")
    wanted = InvoiceFilter(owner_id=staff.person_id)
    with office.runtime.database.read() as session:
        totals = office.workflow.folder_totals(session, staff, wanted)
        rows = office.workflow.folder(session, staff, FolderFilter(FolderState.UNCLAIMED, wanted))
        nobody = office.workflow.folder(session, office.principal("other"))
    found = {state.value: (one.count, one.total) for state, one in totals.items()}
    assert found == {
        "unclaimed": (3, Decimal("106.00")),
        "claiming": (0, Decimal("0.00")),
        "claimed": (1, Decimal("106.00")),
        "rejected": (1, Decimal("106.00")),
    }
    assert {row.invoice.document_id for row in rows} == {free, twin, foreign}
    assert nobody == []


def test_the_folder_is_read_page_by_page(office: Office) -> None:
    made = [invoice(office) for _ in range(5)]
    staff = office.principal("staff")
    with office.runtime.database.read() as session:
        first = office.workflow.folder(session, staff, limit=3)
        rest = office.workflow.folder(session, staff, before=first[-1].invoice.document_id, limit=3)
    assert [row.invoice.document_id for row in (*first, *rest)] == list(reversed(made))


@pytest.mark.slow
def test_of_many_claims_at_once_exactly_one_is_made(office_anywhere: Office) -> None:
    office = office_anywhere
    number = next_number()
    contested = [invoice(office, number=number) for _ in range(4)]
    extra = [invoice(office) for _ in range(4)]
    results: list[UUID | VermilionError] = []
    barrier = threading.Barrier(4)

    def claim(place: int) -> None:
        barrier.wait()
        try:
            results.append(submit(office, extra[place], contested[place]))
        except FormInvalid as error:
            results.append(error.problems["invoices"])

    threads = [threading.Thread(target=claim, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [one for one in results if isinstance(one, UUID)]
    losers = [one for one in results if isinstance(one, VermilionError)]
    assert (len(winners), [one.code for one in losers]) == (1, ["invoice-being-claimed"] * 3)
    with office.runtime.database.read() as session:
        assert session.scalars(select(Case.id)).all() == winners
        assert session.scalar(select(func.count()).select_from(InvoiceClaim)) == 2
        assert (
            session.scalar(select(func.count()).select_from(CaseDocument)) == 3
        )  # the sheet and two invoices
    assert sorted(states(office, extra)) == ["claiming", "unclaimed", "unclaimed", "unclaimed"]


def test_a_claim_goes_its_whole_way_on_every_database(office_anywhere: Office) -> None:
    office = office_anywhere
    document = invoice(office)
    case_id = submit(office, document)
    office.decide("head", case_id, Outcome.RETURNED, "请补充")
    office.workflow.submit(office.principal("staff"), "reimbursement", form(document), resubmit=case_id)
    office.approve_all(case_id, "head", "finance")
    office.work_off()
    staff = office.principal("staff")
    with office.runtime.database.read() as session:
        totals = office.workflow.folder_totals(session, staff)
        rows = office.workflow.folder(session, staff, FolderFilter(FolderState.CLAIMED))
    assert (totals[FolderState.CLAIMED].count, totals[FolderState.CLAIMED].total) == (1, Decimal("106.00"))
    assert [row.claim.case_id for row in rows] == [case_id]


def test_release_withdrawal_and_correction_at_once_end_in_one_release(office_anywhere: Office) -> None:
    office = office_anywhere
    for _ in range(3):
        document = invoice(office)
        case_id = submit(office, document)
        office.decide("head", case_id)  # finance sees it now
        failures: list[Exception] = []
        barrier = threading.Barrier(3)

        def attempt(verb: Callable[[], None], barrier: threading.Barrier, failures: list[Exception]) -> None:
            barrier.wait()
            try:
                verb()
            except VermilionError:
                pass  # the claim was gone already, or is still there
            except Exception as error:  # a deadlock or a stale row
                failures.append(error)

        def release(document: UUID = document) -> None:
            with office.runtime.database.write() as session:
                office.workflow.release_claim(session, office.principal("finance"), document, "退回")

        def withdraw(case_id: UUID = case_id) -> None:
            office.workflow.withdraw(office.principal("staff"), case_id)

        def correct(document: UUID = document) -> None:
            with office.runtime.database.write() as session:
                staff = office.principal("staff")
                office.runtime.get(InvoiceService).correct(session, staff, document, "remark", "改")

        threads = [
            threading.Thread(target=attempt, args=(verb, barrier, failures))
            for verb in (release, withdraw, correct)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        with office.runtime.database.read() as session:
            assert (
                session.scalars(select(InvoiceClaim).where(InvoiceClaim.document_id == document)).all() == []
            )
            releases = session.scalars(select(ClaimRelease).where(ClaimRelease.document_id == document)).all()
        assert len(releases) == 1
