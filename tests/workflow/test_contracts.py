"""Contracts are compared by what they say, and the other side's copy with what was approved here."""

from __future__ import annotations

import io
from uuid import UUID

import pytest
from sqlalchemy import select

from core.errors import Forbidden, NotFound
from core.models import AuditEntry
from ingest.comparison import Kind
from ingest.models import DocumentKind
from tests.office import Office, contract_pdf
from workflow.contracts import Contracts
from workflow.errors import NotAContract
from workflow.models import CounterpartCopy


def contract_of(office: Office, case_id: UUID) -> UUID:
    return next(one.id for one in office.view("admin", case_id).documents if one.is_signed_in_place)


def add_copy(
    office: Office, case_id: UUID, data: bytes, *, who: str = "staff", processed: bool = True
) -> UUID:
    received = office.ingest.receive(
        office.principal(who), io.BytesIO(data), "对方签署.pdf", DocumentKind.ATTACHMENT
    )
    copy = received.document_id
    if processed:
        office.ingest.process(copy)
    with office.runtime.database.write() as session:
        office.runtime.get(Contracts).add_counterpart_copy(
            session, office.principal(who), case_id, contract_of(office, case_id), copy
        )
    return copy


def test_two_contracts_are_compared_and_the_difference_has_its_page(office: Office) -> None:
    before = office.upload("staff", contract_pdf(), "一稿.pdf")
    after = office.upload("staff", contract_pdf(), "二稿.pdf")
    changed = office.upload("staff", contract_pdf("软件系统维护合同"), "三稿.pdf")
    contracts = office.runtime.get(Contracts)

    with office.runtime.database.read() as session:
        same = contracts.compare(session, office.principal("staff"), before, after)
        other = contracts.compare(session, office.principal("staff"), before, changed)

    assert same.is_same_text
    assert not other.is_same_text
    assert {change.kind for change in other.changes} == {Kind.CHANGED}
    assert other.changes[0].page_after == 1
    assert [span.text for span in other.changes[0].after if span.differs] == ["维护"]


def test_nobody_compares_what_they_may_not_see(office: Office) -> None:
    mine = office.upload("staff", contract_pdf(), "一稿.pdf")
    theirs = office.upload("other", contract_pdf("别人的合同"), "二稿.pdf")

    with office.runtime.database.read() as session, pytest.raises(NotFound):
        office.runtime.get(Contracts).compare(session, office.principal("staff"), mine, theirs)


def test_the_versions_that_were_submitted_approved_and_sealed_are_named(office: Office) -> None:
    case_id = office.finished_contract()

    with office.runtime.database.read() as session:
        found = office.runtime.get(Contracts).milestones(
            session, office.principal("staff"), contract_of(office, case_id)
        )

    assert found.submitted is not None and found.approved is not None and found.sealed is not None
    assert found.submitted < found.approved < found.sealed


def test_a_copy_with_the_same_text_is_said_to_be_the_same(office: Office) -> None:
    case_id = office.submit_contract()
    copy = add_copy(office, case_id, contract_pdf())

    with office.runtime.database.read() as session:
        (view,) = office.runtime.get(Contracts).copies(session, office.principal("staff"), case_id)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "case.counterpart_copy")).one()

    assert (view.document_id, view.is_same_text, view.changes) == (copy, True, ())
    assert entry.resource_id == case_id


def test_a_copy_with_another_text_shows_what_differs(office: Office) -> None:
    case_id = office.submit_contract()
    add_copy(office, case_id, contract_pdf("软件系统买卖合同"))

    with office.runtime.database.read() as session:
        (view,) = office.runtime.get(Contracts).copies(session, office.principal("staff"), case_id)

    assert view.is_same_text is False
    assert view.changes[0].kind is Kind.CHANGED


def test_a_copy_that_is_not_read_yet_is_compared_when_it_is(office: Office) -> None:
    case_id = office.submit_contract()
    copy = add_copy(office, case_id, contract_pdf(), processed=False)
    with office.runtime.database.read() as session:
        assert session.get_one(CounterpartCopy, copy).is_same_text is None

    office.work_off()

    with office.runtime.database.read() as session:
        assert session.get_one(CounterpartCopy, copy).is_same_text is True


def test_who_has_no_part_in_the_case_adds_nothing(office: Office) -> None:
    case_id = office.submit_contract()

    with pytest.raises(NotFound):
        add_copy(office, case_id, contract_pdf(), who="other")
    with pytest.raises(Forbidden):
        add_copy(office, case_id, contract_pdf(), who="admin")


def test_a_sheet_has_no_counterpart(office: Office) -> None:
    case_id = office.submit_contract()
    copy = office.upload("staff", contract_pdf(), "副本.pdf")
    sheet = office.view("staff", case_id).sheet.id

    with office.runtime.database.write() as session, pytest.raises(NotAContract):
        office.runtime.get(Contracts).add_counterpart_copy(
            session, office.principal("staff"), case_id, sheet, copy
        )


def test_adding_a_copy_twice_adds_it_once(office: Office) -> None:
    case_id = office.submit_contract()
    copy = add_copy(office, case_id, contract_pdf())
    with office.runtime.database.write() as session:
        office.runtime.get(Contracts).add_counterpart_copy(
            session, office.principal("staff"), case_id, contract_of(office, case_id), copy
        )

    with office.runtime.database.read() as session:
        assert len(office.runtime.get(Contracts).copies(session, office.principal("staff"), case_id)) == 1
