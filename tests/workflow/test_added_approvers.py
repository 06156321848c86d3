"""Added approvers 加签: before and after, one sheet for each opening, and everything around them."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader
from sqlalchemy import select

from core import notices
from core.errors import NotFound
from core.people import deactivate, reactivate
from core.permissions import ResourceType, may_read
from signing.models import SealAuthorisation
from signing.verification import verify_pdf
from tests import independent
from tests.builders import PIN
from tests.office import Office, open_office
from tests.verapdf import violations
from tests.workflow.batching import LEAVE, signed_in
from workflow.batches import Wanted
from workflow.cases import CaseView, DocumentView
from workflow.errors import (
    AddingNotAllowed,
    CannotApprove,
    FieldMissing,
    NobodyAdded,
    NotYourTask,
    OutcomeNotPossible,
    TaskFinished,
    TaskWaits,
)
from workflow.models import AddedKind, CaseState, EvidenceState, Outcome, Task

BEFORE, AFTER = AddedKind.BEFORE, AddedKind.AFTER


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One company for all of these tests; each has a case of its own."""
    with open_office(tmp_path_factory.mktemp("added") / "home") as made:
        made.signing.enrol(made.principal("other"), PIN)
        yield made


def add(
    office: Office, who: str, case_id: UUID, kind: AddedKind, *people: str, reason: str = "请先确认付款条件"
) -> None:
    view = office.view(who, case_id)
    assert view.my_task is not None
    chosen = [office.company.people[person] for person in people]
    office.workflow.adding.add(office.principal(who), view.my_task.id, kind, chosen, reason)


def holders(view: CaseView) -> dict[str, str]:
    """How each person's task at the step now stands, the added ones among them."""
    return {name: step.status for step in view.steps for name in step.people if step.task_id}


def text_of(office: Office, sheet: DocumentView) -> str:
    pages = PdfReader(io.BytesIO(office.store.read(sheet.digest))).pages
    return "".join(page.extract_text() for page in pages).replace("\n", "")


def judge(office: Office, sheet: DocumentView, signers: set[str], folder: Path) -> None:
    """Ours, pyHanko, OpenSSL and veraPDF over a sheet; poppler where it is on the machine."""
    pdf, roots = office.store.read(sheet.digest), office.roots()
    verdict = verify_pdf(pdf, roots, datetime.now(UTC))
    assert verdict.outcome == "valid", verdict.facts
    assert {one.signer for one in verdict.facts.signatures if one.kind == "approval"} == signers
    assert verdict.facts.signatures[0].kind == "certification"
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root) for root in roots], revocation_mode="soft-fail"
    )
    judged = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
    assert len(judged) == len(signers) + 1
    for embedded in judged:
        status = validate_pdf_signature(embedded, context)
        assert status.intact and status.valid and status.trusted and status.docmdp_ok, embedded.field_name
    for signature in independent.signatures(pdf):
        if not signature.is_timestamp:
            assert independent.openssl_accepts(signature, roots[0], folder)
    assert violations(pdf) == []


def judge_by_poppler(office: Office, sheet: DocumentView, signers: int, folder: Path) -> None:
    (folder / "sheet.pdf").write_bytes(office.store.read(sheet.digest))
    assert independent.pdfsig(folder / "sheet.pdf") == ["Signature is Valid."] * (signers + 1)


def test_those_added_before_decide_first_and_the_task_comes_back(office: Office, tmp_path: Path) -> None:
    case_id = office.submit_contract()
    named = office.view("head", case_id).sheet.digest
    add(office, "head", case_id, BEFORE, "other", "gm")
    view = office.view("admin", case_id)
    assert [one.title.removeprefix(view.case.serial_number) for one in view.sheets] == [
        " 审批表", " 审批表（续页 1）",
    ]  # fmt: skip
    assert holders(view) == {"李娜": "now", "陈总": "now", "王芳": "todo"}
    continuation = view.sheets[1]
    said = text_of(office, continuation)
    assert named in said and "请先确认付款条件" in said and "前加签" in said
    assert violations(office.store.read(continuation.digest)) == []
    with pytest.raises(TaskWaits):
        head = next(step.task_id for step in view.steps if step.people == ("王芳",))
        assert head is not None
        office.workflow.decide(office.principal("head"), head, Outcome.APPROVED, "", PIN, named)
    office.decide("gm", case_id, comment="可")
    judge(office, office.view("admin", case_id).sheets[1], {"陈总"}, tmp_path)
    assert office.view("head", case_id).my_task is None
    office.decide("other", case_id, comment="付款条件无误")
    view = office.view("head", case_id)
    judge(office, view.sheets[1], {"陈总", "李娜"}, tmp_path)
    assert view.my_task is not None and view.sheet_of(view.my_task) == view.sheet
    office.decide("head", case_id)
    judge(office, office.view("admin", case_id).sheet, {"王芳"}, tmp_path)
    for username in ("legal", "finance", "gm"):  # an added approver has their own step all the same
        office.decide(username, case_id)
    office.apply_seal(case_id)
    office.work_off()
    view = office.view("admin", case_id)
    assert (view.case.state, view.case.evidence_state) == (CaseState.COMPLETED, EvidenceState.DONE)
    for sheet in view.sheets:
        verdict = verify_pdf(office.store.read(sheet.digest), office.roots(), datetime.now(UTC))
        assert (verdict.outcome, verdict.archived) == ("valid", True)
        assert violations(office.store.read(sheet.digest)) == []
    newest = office.store.read(view.sheets[0].digest)
    (state,) = view.sheets[1].continues
    assert (state.document_id, state.digest) == (view.sheets[0].id, named)
    assert hashlib.sha256(newest[: state.size]).hexdigest() == named
    with office.runtime.database.read() as session:
        approvers = session.scalars(
            select(SealAuthorisation.approver_ids).where(SealAuthorisation.case_id == case_id)
        ).one()
    assert str(office.company.people["other"]) in {str(one) for one in approvers}
    judge_by_poppler(office, view.sheets[1], 2, tmp_path)


def test_those_added_after_decide_once_the_holder_approved(office: Office, tmp_path: Path) -> None:
    case_id = office.submit_contract()
    add(office, "head", case_id, AFTER, "other")
    add(office, "head", case_id, AFTER, "keeper", reason="请再看用印")
    view = office.view("head", case_id)
    assert (len(view.sheets), holders(view)) == (1, {"王芳": "now", "李娜": "todo", "孙丽": "todo"})
    with office.runtime.database.read() as session:  # nobody sees a case for a task that may never come
        assert not may_read(session, office.principal("other"), ResourceType.CASE, case_id)
    office.decide("head", case_id)
    view = office.view("admin", case_id)
    assert [one.digest for one in view.sheets[1].continues] == [view.sheet.digest]
    said = text_of(office, view.sheets[1])
    assert view.sheet.digest in said and "请先确认付款条件" in said and "请再看用印" in said
    assert not may_see(office, "legal", case_id)  # the next step waits for those who were added
    office.decide("keeper", case_id)
    office.decide("other", case_id)
    judge(office, office.view("admin", case_id).sheets[1], {"孙丽", "李娜"}, tmp_path)
    assert office.view("legal", case_id).my_task is not None


def may_see(office: Office, username: str, case_id: UUID) -> bool:
    with office.runtime.database.read() as session:
        return may_read(session, office.principal(username), ResourceType.CASE, case_id)


def test_an_added_approver_adds_others_on_a_sheet_that_names_the_last(office: Office) -> None:
    case_id = office.submit_contract()
    add(office, "head", case_id, BEFORE, "other")
    add(office, "other", case_id, AFTER, "finance")
    office.decide("other", case_id)
    view = office.view("admin", case_id)
    assert [one.document_id for one in view.sheets[2].continues] == [one.id for one in view.sheets[:2]]
    assert view.sheets[2].continues[1].digest == view.sheets[1].digest
    assert view.sheets[1].digest in text_of(office, view.sheets[2])
    assert office.view("head", case_id).my_task is None
    office.decide("finance", case_id)
    office.decide("head", case_id)
    steps = [(step.key, step.added, step.people[0]) for step in office.view("admin", case_id).steps[:3]]
    assert steps == [("head", BEFORE, "李娜"), ("head", AFTER, "赵敏"), ("head", None, "王芳")]


@pytest.mark.parametrize(("outcome", "state"), [("returned", "returned"), ("rejected", "rejected")])
def test_an_added_approver_returns_and_rejects_like_any_other(
    office: Office, outcome: str, state: str
) -> None:
    case_id = office.submit_contract()
    add(office, "head", case_id, BEFORE, "other", "gm")
    office.decide("other", case_id, Outcome(outcome), "价格过高")
    view = office.view("staff", case_id)
    assert view.case.state == state
    assert office.view("head", case_id).my_task is None and office.view("gm", case_id).my_task is None
    if state == "returned":
        earlier = [one.digest for one in view.sheets]
        office.workflow.submit(office.principal("staff"), "contract", view.case.form, resubmit=case_id)
        renewed = office.view("staff", case_id)
        assert [one.digest for one in renewed.sheets[2].continues] == earlier
        assert all(digest in text_of(office, renewed.sheets[2]) for digest in earlier)
        assert renewed.sheets[2].title.endswith("审批表（续页 2）") and renewed.sheet == renewed.sheets[2]
        office.decide("head", case_id)
    office.work_off()


def test_a_withdrawn_case_has_no_added_task_left(office: Office) -> None:
    case_id = office.submit_contract()
    add(office, "head", case_id, BEFORE, "other")
    add(office, "other", case_id, AFTER, "gm")
    office.workflow.withdraw(office.principal("staff"), case_id)
    with office.runtime.database.read() as session:
        states = set(session.scalars(select(Task.state).where(Task.case_id == case_id)))
    assert states == {"cancelled"}


def test_what_the_holder_returns_never_reaches_those_added_after(office: Office) -> None:
    case_id = office.submit_contract()
    add(office, "head", case_id, AFTER, "other")
    office.decide("head", case_id, Outcome.RETURNED, "请补充")
    assert len(office.view("staff", case_id).sheets) == 1
    assert not may_see(office, "other", case_id)


def test_who_cannot_be_added_is_named_and_nothing_changes(office: Office) -> None:
    case_id = office.submit_contract()
    for people, why in ((["staff"], "applicant"), (["head"], "twice"), (["other", "staff"], "applicant")):
        with pytest.raises(CannotApprove) as refused:
            add(office, "head", case_id, BEFORE, *people)
        assert refused.value.context["why"] == why
    gone, now = office.company.people["archivist"], office.runtime.clock.now()
    with office.runtime.database.write() as session:
        deactivate(session, gone, now)
    with pytest.raises(CannotApprove):
        add(office, "head", case_id, AFTER, "archivist")
    with office.runtime.database.write() as session:
        reactivate(session, gone, now)
    for reason, people, error in (("  ", ["gm"], FieldMissing), ("请确认", [], NobodyAdded)):
        with pytest.raises(error):
            add(office, "head", case_id, BEFORE, *people, reason=reason)
    task = office.view("head", case_id).my_task
    assert task is not None
    for username, error in (("admin", NotYourTask), ("other", NotFound)):
        with pytest.raises(error):
            office.workflow.adding.add(
                office.principal(username), task.id, BEFORE, [office.company.people["gm"]], "请确认"
            )
    assert len(office.view("head", case_id).sheets) == 1
    add(office, "head", case_id, BEFORE, "gm")
    with pytest.raises(CannotApprove):  # who decides already is not added by somebody else either
        add(office, "gm", case_id, BEFORE, "head")


def test_the_people_to_choose_from_are_those_who_can_be_added(office: Office) -> None:
    case_id = office.submit_contract()
    add(office, "head", case_id, AFTER, "gm")
    task = office.view("head", case_id).my_task
    assert task is not None
    with office.runtime.database.read() as session:
        found = office.workflow.adding.colleagues(session, office.principal("head"), task.id)
        names = [one.name for one in found]
        assert names[0] == "李娜" and not {"张伟", "王芳", "陈总"} & set(names)
        some = office.workflow.adding.colleagues(session, office.principal("head"), task.id, "财务")
        assert [one.name for one in some] == ["赵敏"]
        assert office.workflow.adding.colleagues(session, office.principal("head"), task.id, "%") == []


def test_a_flow_can_forbid_adding_and_a_sealing_task_has_none(office: Office) -> None:
    strict = LEAVE.replace("key: leave", "key: strict", 1).replace("head}", "head, added_approvers: false}")
    with office.runtime.database.write() as session:
        office.workflow.add_flow(session, office.principal("admin"), strict)
    leave = office.workflow.submit(office.principal("staff"), "strict", {"reason": "年休假"})
    assert not office.view("head", leave).may_add_approvers
    with pytest.raises(AddingNotAllowed):
        add(office, "head", leave, BEFORE, "other")
    contract = office.submit_contract()
    assert office.view("head", contract).may_add_approvers
    office.approve_all(contract)
    with pytest.raises(AddingNotAllowed):
        add(office, "keeper", contract, BEFORE, "other")


def test_an_addition_is_taken_back_while_it_is_not_decided(office: Office) -> None:
    case_id = office.submit_contract()
    add(office, "head", case_id, BEFORE, "other", "gm")
    office.decide("gm", case_id)
    view = office.view("head", case_id)
    wanted = {step.people[0]: step for step in view.steps if step.added}
    assert (wanted["李娜"].may_take_back, wanted["陈总"].may_take_back) == (True, False)
    added = wanted["李娜"].task_id
    assert added is not None
    for username in ("other", "gm"):
        with pytest.raises(NotYourTask):
            office.workflow.adding.take_back(office.principal(username), added)
    office.workflow.adding.take_back(office.principal("head"), added)
    with pytest.raises(TaskFinished):
        office.workflow.adding.take_back(office.principal("head"), added)
    view = office.view("head", case_id)
    assert view.my_task is not None and "李娜" not in holders(view)
    assert office.view("other", case_id).my_task is None
    office.decide("head", case_id)
    assert office.view("legal", case_id).my_task is not None


def test_who_follows_is_taken_back_and_the_case_goes_on(office: Office) -> None:
    case_id = office.submit_contract()
    add(office, "head", case_id, AFTER, "other")
    office.decide("head", case_id)
    step = next(one for one in office.view("head", case_id).steps if one.added)
    assert step.task_id is not None
    office.workflow.adding.take_back(office.principal("head"), step.task_id)
    assert office.view("legal", case_id).my_task is not None


def test_a_batch_approves_an_added_task_and_opens_those_who_follow(office: Office) -> None:
    case_id = office.submit_contract()
    add(office, "head", case_id, BEFORE, "other")
    add(office, "other", case_id, AFTER, "gm")
    view = office.view("other", case_id)
    assert view.my_task is not None
    wanted = [Wanted(view.my_task.id, view.sheet_of(view.my_task).digest)]
    sign_in = signed_in(office.runtime, "other")
    batch = office.workflow.batches.start(
        office.principal("other"), sign_in, UUID(int=7), wanted, "同意", PIN
    )
    assert office.workflow.batches.wait(batch, 60)
    assert office.view("gm", case_id).my_task is not None
    assert len(office.view("admin", case_id).sheets) == 3


def test_the_applicant_is_told_who_was_added(office: Office) -> None:
    case_id = office.submit_contract()
    add(office, "head", case_id, BEFORE, "other", "gm")
    with office.runtime.database.read() as session:
        told = [
            one for one in notices.unseen(session, office.principal("staff")) if one.resource_id == case_id
        ]
    assert [(one.code, one.context["people"]) for one in told] == [("approvers-added", "李娜、陈总")]
    act = office.view("staff", case_id).acts[-1]
    assert act.added is not None and (act.added.people, act.text) == (("李娜", "陈总"), "请先确认付款条件")


def test_a_revision_is_not_decided(office: Office) -> None:
    case_id = office.submit_contract()
    office.decide("head", case_id, Outcome.RETURNED, "请补充")
    view = office.view("staff", case_id)
    assert view.my_task is not None
    with pytest.raises((OutcomeNotPossible, TaskFinished)):
        office.workflow.decide(
            office.principal("staff"), view.my_task.id, Outcome.APPROVED, "", PIN, view.sheet.digest
        )


def test_two_holders_who_add_at_the_same_moment_have_sheets_one_behind_the_other(office: Office) -> None:
    """The loser of the compare-and-swap makes its sheet anew, and names the winner's."""
    case_id = office.submit_contract()
    office.decide("head", case_id)
    failures: list[Exception] = []
    gate = threading.Barrier(3)

    def run(act: object, *arguments: object) -> None:
        gate.wait()
        try:
            act(*arguments)  # type: ignore[operator]
        except Exception as error:
            failures.append(error)

    add(office, "legal", case_id, AFTER, "archivist")
    threads = [
        threading.Thread(target=run, args=(add, office, "finance", case_id, BEFORE, "other")),
        threading.Thread(target=run, args=(office.decide, "legal", case_id)),
    ]
    for thread in threads:
        thread.start()
    gate.wait()
    for thread in threads:
        thread.join()
    assert failures == []
    view = office.view("admin", case_id)
    main, first, second = view.sheets
    assert [one.document_id for one in first.continues] == [main.id]
    assert [one.document_id for one in second.continues] == [main.id, first.id]
    for sheet in view.sheets:
        assert (
            verify_pdf(office.store.read(sheet.digest), office.roots(), datetime.now(UTC)).outcome == "valid"
        )
        beginnings = [
            hashlib.sha256(office.store.read(earlier.digest)[: state.size]).hexdigest() == state.digest
            for state in sheet.continues
            for earlier in view.sheets
            if earlier.id == state.document_id
        ]
        assert all(beginnings)
