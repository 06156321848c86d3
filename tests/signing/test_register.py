"""The register: numbers, corrections by two people, stamping by hand, scans, loans."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.clock import FixedClock
from core.database import table_of
from core.errors import Forbidden, InvalidInput, NotFound, VermilionError
from core.ids import new_id
from core.models import Notice, Role, RoleAssignment
from core.permissions import ResourceType, may_read
from ingest.models import DocumentKind
from signing import by_hand, corrections, entries, trail
from signing.errors import (
    NotTheKeeper,
    SealAuthorisationExpired,
    SealAuthorisationUsed,
    SealNotUsable,
    SecondFactorNeeded,
    WrongPin,
)
from signing.models import Seal, SealRecord, SealState, UseKind
from signing.register_errors import (
    CorrectionDecided,
    CorrectionWaits,
    LoanOver,
    NotCorrectable,
    NothingCorrected,
    NotStampedByHand,
    ReturnInThePast,
    SealIsOut,
    SecondPersonNeeded,
    TooManyCopies,
)
from tests import homes
from tests.builders import PIN
from tests.office import Office, contract_pdf, open_office


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(homes.TODAY)


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    """An office with an auditor, whose clock is moved by the test."""
    with open_office(tmp_path / "home", "", clock) as office:
        yield office


def authorise(office: Office, copies: int = 3, days: int = 3) -> UUID:
    with office.runtime.database.write() as session:
        return office.signing.authorise_seal(
            session,
            seal_id=office.seal.id,
            case_id=new_id(),
            case_serial="YY-2026-00001",
            document_id=new_id(),
            document_title="合同.pdf",
            digest="a" * 64,
            copies=copies,
            subject="盖章",
            counterparty="江南智算",
            applicant_id=office.company.people["staff"],
            department_id=office.company.departments["market"],
            approver_ids=[office.company.people["head"]],
            expires_at=office.runtime.clock.now() + timedelta(days=days),
        ).id


def stamp(
    office: Office, who: str = "keeper", copies: int = 2, authorisation: UUID | None = None
) -> SealRecord:
    return office.signing.by_hand.stamp(
        office.principal(who), PIN, authorisation or authorise(office), copies
    )


def ask(office: Office, record: SealRecord, who: str = "keeper", **wanted: object) -> UUID:
    with office.runtime.database.write() as session:
        return office.signing.corrections.ask(
            session, office.principal(who), record.id, wanted or {"copies": 5}, "数错了"
        ).id


def confirm(office: Office, request: UUID, who: str = "auditor") -> SealRecord:
    with office.runtime.database.write() as session:
        return office.signing.corrections.confirm(session, office.principal(who), request)


def told(office: Office, code: str) -> set[str]:
    names = {person: name for name, person in office.company.people.items()}
    with office.runtime.database.read() as session:
        query = select(Notice.person_id).where(Notice.code == code, Notice.seen_at.is_(None))
        return {names[one] for one in session.scalars(query)}


def test_every_column_of_a_line_is_bound_into_the_trail() -> None:
    assert set(entries.COLUMNS) == {column.name for column in table_of(SealRecord).columns}


def test_numbers_have_no_gaps_when_many_stamp_at_once(office_anywhere: Office) -> None:
    office = office_anywhere
    waiting = [authorise(office) for _ in range(12)]
    failed: list[BaseException] = []

    def work(mine: list[UUID]) -> None:
        for one in mine:
            try:
                with office.runtime.database.write() as session:
                    office.signing.by_hand.record(session, office.principal("keeper"), one, 1)
            except VermilionError as error:
                failed.append(error)

    # each authorisation is tried by two threads: one of the two finds it used
    threads = [threading.Thread(target=work, args=(waiting[start::3],)) for start in (0, 1, 2, 0, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 12 and all(isinstance(one, SealAuthorisationUsed) for one in failed)
    with office.runtime.database.read() as session:
        numbers = session.scalars(select(SealRecord.number).order_by(SealRecord.number)).all()
        assert numbers == list(range(1, 13))
        assert trail.check(session).is_whole


def test_a_correction_is_a_new_line_and_the_old_one_stays(office_anywhere: Office) -> None:
    office = office_anywhere
    record = stamp(office)
    request = ask(office, record, copies=3, counterparty="江南智算技术有限公司")
    assert told(office, "correction-asked") == {"admin", "auditor"}
    correction = confirm(office, request)
    assert told(office, "correction-asked") == set()
    assert told(office, "correction-confirmed") == {"keeper"}
    with office.runtime.database.read() as session:
        kept = session.get_one(SealRecord, record.id)
        assert (kept.copies, kept.counterparty) == (2, "江南智算")
        assert (correction.kind, correction.corrects_id, correction.number) == (
            UseKind.CORRECTION,
            record.id,
            2,
        )
        assert (correction.copies, correction.reason) == (3, "数错了")
        assert correction.changes == {
            "copies": {"before": 2, "after": 3},
            "counterparty": {"before": "江南智算", "after": "江南智算技术有限公司"},
        }
        assert correction.second_id == office.company.people["auditor"]
        assert corrections.effective(session, kept)["copies"] == 3
        assert trail.check(session).is_whole
    again = ask(office, record, copies=2)  # what stands is what the last correction says
    assert confirm(office, again).changes == {"copies": {"before": 3, "after": 2}}


def test_a_correction_takes_two_people_and_the_right_ones(office: Office) -> None:
    record = stamp(office)
    for who, error in (("staff", Forbidden), ("legal", NotFound), ("auditor", Forbidden)):
        with pytest.raises(error):
            ask(office, record, who)
    request = ask(office, record, "admin")
    with pytest.raises(SecondPersonNeeded):
        confirm(office, request, "admin")
    with pytest.raises(Forbidden):
        confirm(office, request, "keeper")
    with pytest.raises(CorrectionWaits):
        ask(office, record, "keeper")
    made = confirm(office, request)
    with pytest.raises(CorrectionDecided):
        confirm(office, request)
    with pytest.raises(NotCorrectable):
        ask(office, made)


def test_whoever_used_the_seal_does_not_agree_to_a_correction_of_it(office: Office) -> None:
    keeper, now = office.company.people["keeper"], office.runtime.clock.now()
    with office.runtime.database.write() as session:  # both roles can only be from before that was barred
        session.add(RoleAssignment(person_id=keeper, role=Role.AUDITOR, valid_from=now.date()))
    request = ask(office, stamp(office), "admin")
    with pytest.raises(SecondPersonNeeded):
        confirm(office, request, "keeper")


def test_a_refused_correction_changes_nothing(office: Office) -> None:
    record = stamp(office)
    request = ask(office, record)
    with office.runtime.database.write() as session:
        office.signing.corrections.refuse(session, office.principal("auditor"), request)
    assert told(office, "correction-refused") == {"keeper"}
    with office.runtime.database.read() as session:
        assert session.scalar(select(func.count()).select_from(SealRecord)) == 1
    ask(office, record)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"copies": 2}, NothingCorrected),
        ({"copies": 0}, InvalidInput),
        ({"copies": True}, InvalidInput),
        ({"subject": " "}, InvalidInput),
        ({"subject": "x" * 301}, InvalidInput),
        ({"digest_before": "b" * 64}, InvalidInput),
        ({}, NothingCorrected),
    ],
)
def test_what_cannot_be_corrected_is_refused(office: Office, wanted: dict[str, object], error: type) -> None:
    record = stamp(office)
    with pytest.raises(error), office.runtime.database.write() as session:
        office.signing.corrections.ask(session, office.principal("keeper"), record.id, wanted, "x")


def test_stamping_by_hand_uses_the_authorisation_up(office: Office) -> None:
    authorisation = authorise(office)
    record = stamp(office, authorisation=authorisation)
    assert (record.kind, record.copies, record.digest_after) == (UseKind.PAPER, 2, None)
    assert record.scan_due_at == record.sealed_at + timedelta(days=7)
    with pytest.raises(SealAuthorisationUsed):
        stamp(office, authorisation=authorisation)


def test_stamping_by_hand_is_refused_like_the_electronic_use(shop: Office, clock: FixedClock) -> None:
    office, authorisation = shop, authorise(shop)
    for copies in (0, 4):
        with pytest.raises(TooManyCopies):
            stamp(office, copies=copies, authorisation=authorisation)
    with pytest.raises(NotTheKeeper):
        stamp(office, "gm", authorisation=authorisation)
    with pytest.raises(WrongPin):
        office.signing.by_hand.stamp(office.principal("keeper"), "000000", authorisation, 1)
    with pytest.raises(NotFound):
        stamp(office, authorisation=new_id())
    clock.advance(timedelta(days=4))
    with pytest.raises(SealAuthorisationExpired):
        stamp(office, authorisation=authorisation)
    other = authorise(office)
    with office.runtime.database.write() as session:
        session.get_one(Seal, office.seal.id).state = SealState.SUSPENDED
    with pytest.raises(SealNotUsable):
        stamp(office, authorisation=other)
    with office.runtime.database.read() as session:
        assert session.scalar(select(func.count()).select_from(SealRecord)) == 0


def test_a_case_is_sealed_by_hand_at_its_keepers_step(office: Office) -> None:
    case_id = office.submit_contract()
    office.approve_all(case_id)
    view = office.view("keeper", case_id)
    assert view.my_task is not None
    document = next(one for one in view.documents if one.is_signed_in_place)
    with pytest.raises(TooManyCopies):
        office.workflow.stamp(
            office.principal("keeper"), view.my_task.id, PIN, view.sheet.digest, {document.id: 3}
        )
    office.workflow.stamp(
        office.principal("keeper"), view.my_task.id, PIN, view.sheet.digest, {document.id: 2}
    )
    office.work_off()
    assert office.view("staff", case_id).case.state == "completed"
    with office.runtime.database.read() as session:
        (row,) = session.scalars(select(SealRecord)).all()
        assert (row.kind, row.copies, row.case_id) == (UseKind.PAPER, 2, case_id)
        assert trail.check(session).is_whole


def test_a_scan_closes_the_line_and_its_readers_may_see_it(office: Office) -> None:
    record = stamp(office)
    with office.runtime.database.read() as session:
        assert [one.id for one in by_hand.open_uses(session, office.principal("keeper"))] == [record.id]
        assert by_hand.open_uses(session, office.principal("legal")) == []
    document = office.upload("keeper", contract_pdf(), "盖章页.pdf", DocumentKind.ATTACHMENT)
    for who, error in (("legal", NotFound), ("head", Forbidden)):
        with pytest.raises(error), office.runtime.database.write() as session:
            office.signing.by_hand.add_scan(session, office.principal(who), record.id, document, "d" * 64)
    with office.runtime.database.write() as session:
        office.signing.by_hand.add_scan(session, office.principal("keeper"), record.id, document, "d" * 64)
    with office.runtime.database.read() as session:
        assert by_hand.open_uses(session, office.principal("keeper")) == []
        assert [one.digest for one in by_hand.scans(session, [record.id])] == ["d" * 64]
        assert may_read(session, office.principal("staff"), ResourceType.DOCUMENT, document)
        assert trail.check(session).is_whole


def test_an_electronic_use_takes_no_scan(office: Office) -> None:
    case_id = office.submit_contract()
    office.approve_all(case_id)
    office.apply_seal(case_id)
    with office.runtime.database.read() as session:
        record = session.scalars(select(SealRecord)).one()
        with pytest.raises(NotStampedByHand):
            office.signing.by_hand.check_scan(session, office.principal("keeper"), record.id)


def test_keeper_and_applicant_are_reminded_of_a_scan_once_until_it_comes(
    shop: Office, clock: FixedClock
) -> None:
    record = stamp(shop)

    def remind() -> int:
        with shop.runtime.database.write() as session:
            return shop.signing.by_hand.remind(session)

    clock.advance(timedelta(days=6))
    assert remind() == 0
    clock.advance(timedelta(days=1))
    assert (remind(), remind()) == (1, 1)
    assert told(shop, "scan-overdue") == {"keeper", "staff"}
    with shop.runtime.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Notice)) == 2
    with shop.runtime.database.write() as session:
        shop.signing.by_hand.add_scan(session, shop.principal("staff"), record.id, new_id(), "d" * 64)
    assert told(shop, "scan-overdue") == set()
    assert remind() == 0


def lend(
    office: Office, borrower: str = "gm", who: str = "keeper", days: float = 1, reason: str = "外地签约"
) -> UUID:
    with office.runtime.database.write() as session:
        return office.signing.by_hand.lend(
            session,
            office.principal(who),
            office.seal.id,
            borrower_id=office.company.people[borrower],
            case_id=new_id(),
            case_serial="YY-2026-00001",
            reason=reason,
            due_at=office.runtime.clock.now() + timedelta(days=days),
        ).id


def give_back(office: Office, loan: UUID, who: str = "keeper") -> None:
    with office.runtime.database.write() as session:
        office.signing.by_hand.give_back(session, office.principal(who), loan, "完好")


def test_while_a_seal_is_out_only_its_borrower_stamps(office: Office) -> None:
    authorisation = authorise(office)
    loan = lend(office)
    with pytest.raises(SealIsOut):
        stamp(office, "keeper", authorisation=authorisation)
    with pytest.raises(NotTheKeeper):
        stamp(office, "head", authorisation=authorisation)
    with office.runtime.database.read() as session:
        now = office.runtime.clock.now()
        assert by_hand.in_hand(session, office.principal("keeper"), now) == []
        assert [row.id for row, _ in by_hand.in_hand(session, office.principal("gm"), now)] == [authorisation]
    assert stamp(office, "gm", authorisation=authorisation).keeper_id == office.company.people["gm"]
    give_back(office, loan)
    with pytest.raises(NotTheKeeper):
        stamp(office, "gm")
    stamp(office, "keeper")


def test_only_the_keeper_lends_and_takes_back(office: Office) -> None:
    for who in ("gm", "admin"):
        with pytest.raises(NotTheKeeper):
            lend(office, "head", who)
    for bad, error in (({"days": 0}, ReturnInThePast), ({"days": 400}, ReturnInThePast)):
        with pytest.raises(error):
            lend(office, **bad)
    with pytest.raises(InvalidInput):
        lend(office, reason=" ")
    with pytest.raises(InvalidInput):
        lend(office, "keeper")
    loan = lend(office)
    with pytest.raises(SealIsOut):
        lend(office, "head")
    with pytest.raises(NotTheKeeper):
        give_back(office, loan, "gm")
    give_back(office, loan)
    with pytest.raises(LoanOver):
        give_back(office, loan)
    lend(office, "head")
    with office.runtime.database.read() as session:
        assert len(by_hand.loans(session, office.principal("keeper"))) == 2
        assert len(by_hand.loans(session, office.principal("auditor"), is_out=True)) == 1
        assert len(by_hand.loans(session, office.principal("gm"))) == 1
        assert by_hand.loans(session, office.principal("staff")) == []


def test_an_overdue_seal_is_asked_back(shop: Office, clock: FixedClock) -> None:
    loan = lend(shop)
    assert told(shop, "seal-lent") == {"gm"}
    clock.advance(timedelta(days=1))
    with shop.runtime.database.write() as session:
        assert shop.signing.by_hand.remind(session) == 1
    assert told(shop, "loan-overdue") == {"gm", "keeper"}
    give_back(shop, loan)
    assert told(shop, "loan-overdue") == set()


def test_a_seal_is_lent_for_a_case_that_the_keeper_sees(office: Office) -> None:
    case_id = office.submit_contract()
    office.approve_all(case_id)
    serial = office.view("keeper", case_id).case.serial_number
    due = office.runtime.clock.now() + timedelta(days=1)

    def lend_for(serial: str) -> None:
        with office.runtime.database.write() as session:
            office.workflow.lend_seal(
                session,
                office.principal("keeper"),
                office.seal.id,
                borrower_id=office.company.people["gm"],
                case_serial=serial,
                reason="外地签约",
                due_at=due,
            )

    with pytest.raises(InvalidInput):
        lend_for("HT-1900-1")
    lend_for(serial)


def test_a_second_factor_is_asked_for_at_stamping_too(office: Office) -> None:
    authorisation = authorise(office)
    with office.runtime.database.write() as session:
        office.signing.factors.set_policy(session, office.principal("admin"), "seals")
    with pytest.raises(SecondFactorNeeded):
        stamp(office, authorisation=authorisation)
    with office.runtime.database.read() as session:
        assert session.scalar(select(func.count()).select_from(SealRecord)) == 0
