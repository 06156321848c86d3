"""A contract from submission to its archive time-stamp, and everything that may go wrong on the way."""

from __future__ import annotations

import io
import threading
from datetime import UTC, datetime
from uuid import UUID

import pikepdf
import pytest
from pypdf import PdfReader
from sqlalchemy import func, select

from core import audit
from core.errors import NotFound
from core.models import AuditEntry
from ingest.models import Version
from signing.errors import (
    AlreadyEnrolled,
    AuthorityNotReady,
    NotEnrolled,
    PinBlocked,
    PlacementMissing,
    PlacementOffPage,
    PlacementOverlaps,
    WrongPin,
)
from signing.fields import Placement
from signing.models import Certificate, CertificateRole, SealRecord
from signing.verification import verify_pdf
from tests.builders import PIN
from tests.office import Office, contract_pdf
from workflow.errors import (
    CommentNeeded,
    DocumentBusy,
    FormInvalid,
    NotYourTask,
    OutcomeNotPossible,
    StalePage,
    TaskFinished,
    TransitionNotAllowed,
)
from workflow.models import CaseState, Decision, EvidenceState, Outcome
from workflow.sealing import open_authorisations


def test_a_contract_goes_all_the_way_on_every_database(office_anywhere: Office) -> None:
    office = office_anywhere
    case_id = office.finished_contract()
    view = office.view("admin", case_id)
    assert (view.case.state, view.case.evidence_state) == (CaseState.COMPLETED, EvidenceState.DONE)
    assert [step.status for step in view.steps] == ["done"] * 5
    for paper, signers in (("sheet", 6), ("document", 4)):
        verdict = verify_pdf(office.papers(case_id)[paper], office.roots(), datetime.now(UTC))
        assert verdict.outcome == "valid"
        assert verdict.archived is True
        lasting = [one for one in verdict.facts.signatures if one.kind != "timestamp"]
        assert len(lasting) == signers
    with office.runtime.database.read() as session:
        assert audit.verify(session) is None
        record = session.scalars(select(SealRecord)).one()
        assert (record.number, record.copies, record.case_serial) == (1, 2, view.case.serial_number)
        assert record.digest_before != record.digest_after


def test_the_decision_and_the_comment_stand_in_the_signature_itself(office: Office) -> None:
    case_id = office.submit_contract()
    office.decide("head", case_id, comment="业务需要，同意")
    with pikepdf.open(io.BytesIO(office.papers(case_id)["sheet"])) as pdf:
        signatures = [field.V for field in pdf.Root.AcroForm.Fields if "/V" in field]
        reasons = {str(signature.Name): str(signature.Reason) for signature in signatures}
    assert reasons["王芳"] == "批准：业务需要，同意"


def test_twenty_pairs_of_countersigners_at_the_same_moment_all_sign(office_anywhere: Office) -> None:
    office = office_anywhere
    cases = [office.submit_contract(title=f"合同{number}") for number in range(20)]
    for case_id in cases:
        office.decide("head", case_id)
    failures: list[Exception] = []
    gate = threading.Barrier(2 * len(cases))

    def sign(username: str, case_id: UUID) -> None:
        gate.wait()
        try:
            office.decide(username, case_id)
        except Exception as error:
            failures.append(error)

    threads = [
        threading.Thread(target=sign, args=(who, case_id))
        for case_id in cases
        for who in ("legal", "finance")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for case_id in cases:
        for paper, names in (("sheet", {"王芳", "刘洋", "赵敏"}), ("document", {"刘洋", "赵敏"})):
            verdict = verify_pdf(office.papers(case_id)[paper], office.roots(), datetime.now(UTC))
            assert verdict.outcome == "valid"
            people = {one.signer for one in verdict.facts.signatures if one.kind == "approval"}
            assert people == names
    with office.runtime.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 60
        assert audit.verify(session) is None


def test_a_task_is_decided_once(office: Office) -> None:
    case_id = office.submit_contract()
    view = office.view("head", case_id)
    assert view.my_task is not None
    office.decide("head", case_id)
    with pytest.raises(TaskFinished):
        office.workflow.decide(
            office.principal("head"), view.my_task.id, Outcome.APPROVED, "", PIN, view.sheet.digest
        )


def test_only_a_candidate_decides(office: Office) -> None:
    case_id = office.submit_contract()
    task = office.view("head", case_id).my_task
    assert task is not None
    for username, error in (("admin", NotYourTask), ("staff", NotYourTask), ("other", NotFound)):
        with pytest.raises(error):
            office.workflow.decide(
                office.principal(username),
                task.id,
                Outcome.APPROVED,
                "",
                PIN,
                office.view("head", case_id).sheet.digest,
            )


def test_a_stale_page_signs_nothing(office: Office) -> None:
    case_id = office.submit_contract()
    view = office.view("head", case_id)
    assert view.my_task is not None
    before = versions(office)
    with pytest.raises(StalePage):
        office.workflow.decide(
            office.principal("head"), view.my_task.id, Outcome.APPROVED, "", PIN, view.documents[0].digest
        )
    assert versions(office) == before


def test_a_wrong_pin_is_counted_slowed_down_and_signs_nothing(office: Office) -> None:
    case_id = office.submit_contract()
    before = versions(office)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(WrongPin) as wrong:
            office.decide("head", case_id, pin="000001")
        assert wrong.value.context["left"] == left
    with pytest.raises(PinBlocked):
        office.decide("head", case_id)
    assert versions(office) == before
    with office.runtime.database.read() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
    assert actions.count("credential.pin_wrong") == 5
    assert not any("000001" in str(entry) for entry in actions)


def test_somebody_without_a_pin_is_told_to_set_one(office: Office) -> None:
    with pytest.raises(NotEnrolled):
        office.signing.unlock(office.company.people["other"], PIN)
    with pytest.raises(AlreadyEnrolled):
        office.signing.enrol(office.principal("head"), PIN)


def test_nobody_waits_for_a_signature_that_cannot_be_made(office: Office) -> None:
    case_id = office.submit_contract()
    before = versions(office)
    with office.runtime.database.write() as session:
        tsa = session.scalars(select(Certificate).where(Certificate.role == CertificateRole.TSA)).one()
        tsa.revoked_at = office.runtime.clock.now()
    office.signing.authority.members.forget()
    with pytest.raises(AuthorityNotReady):
        office.decide("head", case_id)
    assert versions(office) == before


def test_returning_needs_a_reason_and_comes_back_with_a_continuation_sheet(office: Office) -> None:
    case_id = office.submit_contract()
    with pytest.raises(CommentNeeded):
        office.decide("head", case_id, Outcome.RETURNED)
    office.decide("head", case_id, Outcome.RETURNED, "请补充附件")
    view = office.view("staff", case_id)
    assert view.case.state == CaseState.RETURNED and view.may_resubmit
    earlier = view.sheet.digest
    office.workflow.submit(
        office.principal("staff"), "contract", {**view.case.form, "note": "已补充"}, resubmit=case_id
    )
    renewed = office.view("staff", case_id)
    assert (renewed.case.round, len(renewed.sheets)) == (2, 2)
    assert renewed.case.serial_number == view.case.serial_number
    text = "".join(
        page.extract_text() for page in PdfReader(io.BytesIO(office.papers(case_id)["sheet"])).pages
    )
    assert earlier in text.replace("\n", "")
    office.approve_all(case_id)
    office.apply_seal(case_id)
    office.work_off()
    assert office.view("staff", case_id).case.evidence_state == EvidenceState.DONE


def test_a_rejected_case_is_over(office: Office) -> None:
    case_id = office.submit_contract()
    office.decide("head", case_id, Outcome.REJECTED, "预算不足")
    with pytest.raises(TransitionNotAllowed):
        office.workflow.withdraw(office.principal("staff"), case_id)
    office.work_off()
    assert verify_pdf(office.papers(case_id)["sheet"], office.roots(), datetime.now(UTC)).archived is True


def test_only_the_applicant_withdraws(office: Office) -> None:
    case_id = office.submit_contract()
    for username in ("head", "admin"):
        with pytest.raises(NotFound):
            office.workflow.withdraw(office.principal(username), case_id)
    office.workflow.withdraw(office.principal("staff"), case_id)
    assert office.view("staff", case_id).case.state == CaseState.WITHDRAWN


def test_a_document_is_signed_in_one_case_at_a_time(office: Office) -> None:
    document = office.upload("staff", contract_pdf())
    office.workflow.submit(office.principal("staff"), "contract", office.contract_form("一", document))
    with pytest.raises(FormInvalid) as refused:
        office.workflow.submit(office.principal("staff"), "contract", office.contract_form("二", document))
    assert isinstance(refused.value.problems["contract"], DocumentBusy)


def test_somebody_elses_document_cannot_be_used(office: Office) -> None:
    document = office.upload("other", contract_pdf())
    with pytest.raises(FormInvalid):
        office.workflow.submit(office.principal("staff"), "contract", office.contract_form("一", document))


def test_a_seal_task_is_not_approved_and_an_approval_is_not_sealed(office: Office) -> None:
    case_id = office.submit_contract()
    view = office.view("head", case_id)
    assert view.my_task is not None
    with pytest.raises(OutcomeNotPossible):
        office.workflow.seal(office.principal("head"), view.my_task.id, PIN, view.sheet.digest, {})
    office.approve_all(case_id)
    with pytest.raises(OutcomeNotPossible):
        office.decide("keeper", case_id)


@pytest.mark.parametrize(
    "place",
    [Placement(1, 5.0, 50.0), Placement(2, 205.0, 90.0), Placement(2, 60.0, 290.0), Placement(9, 60.0, 90.0)],
)
def test_a_seal_off_the_page_changes_nothing(office: Office, place: Placement) -> None:
    case_id = office.submit_contract()
    office.approve_all(case_id)
    before = versions(office)
    with pytest.raises(PlacementOffPage):
        office.apply_seal(case_id, place)
    assert versions(office) == before
    office.apply_seal(case_id)


def test_seals_may_not_cover_each_other_and_must_be_somewhere(office: Office) -> None:
    case_id = office.submit_contract()
    office.approve_all(case_id)
    view = office.view("keeper", case_id)
    assert view.my_task is not None
    document = view.documents[0].id
    for places, error in (
        ({document: [Placement(2, 60, 90), Placement(2, 80, 100)]}, PlacementOverlaps),
        ({document: []}, PlacementMissing),
        ({}, PlacementMissing),
    ):
        with pytest.raises(error):
            office.workflow.seal(office.principal("keeper"), view.my_task.id, PIN, view.sheet.digest, places)


def test_a_returned_seal_task_takes_its_authorisation_back(office: Office) -> None:
    case_id = office.submit_contract()
    office.approve_all(case_id)
    office.decide("keeper", case_id, Outcome.RETURNED, "文本缺页")
    with office.runtime.database.read() as session:
        assert open_authorisations(session, case_id) == []


def versions(office: Office) -> int:
    with office.runtime.database.read() as session:
        return session.scalar(select(func.count()).select_from(Version)) or 0
