"""A case goes on while the time-stamp authority is away, and gets its time-stamps when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from core.models import AuditEntry
from ingest.models import VersionReason
from signing import trust
from signing.models import WaitingTimestamp
from signing.verification import verify_pdf
from tests.authorities import Authority, Stamping, running
from tests.office import Office, open_office
from workflow.models import Case, EvidenceState, Outcome

STAMPING = Stamping()


@pytest.fixture
def authority() -> Iterator[Authority]:
    with running(Authority(STAMPING.answer)) as made:
        yield made


@pytest.fixture
def office(authority: Authority, tmp_path: Path) -> Iterator[Office]:
    with ExitStack() as stack:
        made = stack.enter_context(
            open_office(tmp_path / "home", timestamp_url=authority.address, timestamp_seconds=0.5)
        )
        with made.runtime.database.write() as session:
            trust.add_root(session, made.runtime.clock, None, STAMPING.root_der, "timestamps", "x")
        yield made


def waiting(office: Office) -> list[WaitingTimestamp]:
    with office.runtime.database.read() as session:
        return list(office.signing.waiting.open(session))


def reasons(office: Office, document_id: UUID) -> list[str]:
    with office.runtime.database.read() as session:
        return [one.reason for one in office.ingest.versions(session, document_id)]


def test_approvals_made_meanwhile_are_stamped_later_and_nobody_sees_a_stale_page(
    office: Office, authority: Authority
) -> None:
    authority.status = 503
    case_id = office.submit_contract()
    view = office.view("head", case_id)
    assert view.my_task is not None
    assert len(waiting(office)) == 1  # the certified sheet
    assert office.workflow.late_stamps.run() == 0
    assert waiting(office)[0].tries == 1 and "HTTP 503" in waiting(office)[0].reason

    authority.status = 200
    assert office.workflow.late_stamps.run() == 1

    assert waiting(office) == []
    assert reasons(office, view.case.sheet_id)[-1] == VersionReason.TIMESTAMPED
    # The page that was open since before shows what is still the newest thing to decide on.
    office.workflow.decide(
        office.principal("head"), view.my_task.id, Outcome.APPROVED, "同意", "284617", view.sheet.digest
    )
    for username in ("legal", "finance", "gm"):
        office.decide(username, case_id, comment="同意")
    office.apply_seal(case_id)
    office.work_off()
    for name, pdf in office.papers(case_id).items():
        verdict = verify_pdf(pdf, office.roots(), datetime.now(UTC))
        assert verdict.outcome == "valid", (name, verdict)
        assert verdict.facts.signatures[-1].kind == "timestamp"
    assert office.workflow.late_stamps.run() == 0


def test_a_finished_case_gets_its_evidence_when_the_authority_is_back(
    office: Office, authority: Authority
) -> None:
    case_id = office.submit_contract()
    authority.status = 503
    office.approve_all(case_id)
    office.apply_seal(case_id)
    office.work_off()
    with office.runtime.database.read() as session:
        case = session.get_one(Case, case_id)
        assert case.evidence_state == EvidenceState.FAILED
        assert "timestamp-unavailable" in str(case.evidence_error)
    assert waiting(office)

    authority.status = 200
    office.workflow.late_stamps.run()
    with office.runtime.database.write() as session:
        assert office.workflow.evidence.retry_stamps(session) == 1
    office.work_off()

    assert waiting(office) == []
    with office.runtime.database.read() as session:
        assert session.get_one(Case, case_id).evidence_state == EvidenceState.DONE
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "timestamp.finished")).all()
    assert all((one.payload or {})["stamped"] for one in told) and told
    for pdf in office.papers(case_id).values():
        verdict = verify_pdf(pdf, office.roots(), datetime.now(UTC))
        assert all(one.intact for one in verdict.facts.signatures)


def test_a_document_that_awaits_its_seal_is_not_changed_under_it(
    office: Office, authority: Authority
) -> None:
    case_id = office.submit_contract()
    authority.status = 503
    office.approve_all(case_id)
    authority.status = 200
    document = next(one for one in office.view("keeper", case_id).documents if one.is_signed_in_place)

    office.workflow.late_stamps.run()

    assert reasons(office, document.id)[-1] != VersionReason.TIMESTAMPED
    office.apply_seal(case_id)
    office.workflow.late_stamps.run()
    assert waiting(office) == []
