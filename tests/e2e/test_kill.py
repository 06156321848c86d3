"""``kill -9`` in the middle of an approval: nothing is lost, nothing doubled, nothing half there."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core import audit
from core.models import OutboxJob
from ingest.models import Document, DocumentKind, Version, VersionReason
from signing.service import SigningService
from signing.verification import verify_pdf
from storage.models import StoredObject
from storage.service import ObjectStore
from tests.e2e.approver import open_home
from tests.office import Office, contract_pdf, open_office
from vermilion import assembly
from workflow.models import Case, CaseDocument, Decision, EvidenceState, Task, TaskState

IN_THE_REQUEST = (
    "decide.start",
    "decide.unlocked",
    "decide.signed",
    "decide.object_kept",
    "decide.documents_signed",
    "decide.before_commit",
    "decide.after_commit",
)
IN_THE_WORKER = ("evidence.start", "evidence.before_commit", "evidence.after_commit")


@pytest.fixture
def scene(tmp_path: Path, empty_database_url: str) -> Iterator[tuple[Path, str, Office]]:
    """An office whose home other processes open after this one has closed it."""
    with open_office(tmp_path / "home", empty_database_url) as office:
        yield tmp_path / "home", empty_database_url, office


def contract_at_legal(office: Office) -> UUID:
    """A contract that legal signs next: the sheet and the contract itself."""
    case_id = office.submit_contract()
    office.decide("head", case_id)
    office.work_off()
    return case_id


def claim_at_finance(office: Office) -> UUID:
    """A claim that finance completes: the worker then adds the evidence."""
    invoice = office.upload("staff", contract_pdf("发票"), "发票.pdf", DocumentKind.INVOICE)
    line = {"document": str(invoice), "category": "travel", "amount": "100"}
    form = {"purpose": "出差", "invoices": [line]}
    case_id = office.workflow.submit(office.principal("staff"), "reimbursement", form)
    office.decide("head", case_id)
    office.work_off()
    return case_id


def run(
    home: Path, url: str, case_id: UUID, username: str, failpoint: str = ""
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "VERMILION_FAILPOINT": failpoint}
    command = [sys.executable, "-m", "tests.e2e.approver", str(home), url, str(case_id), username]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("failpoint", IN_THE_REQUEST)
def test_a_server_killed_in_the_request_leaves_a_decision_whole_or_unmade(
    scene: tuple[Path, str, Office], failpoint: str
) -> None:
    home, url, office = scene
    case_id = contract_at_legal(office)
    killed = run(home, url, case_id, "legal", failpoint)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = run(home, url, case_id, "legal")
    assert again.returncode == 0, again.stderr
    expected = "done before" if failpoint == "decide.after_commit" else "decided"
    assert again.stdout.strip() == expected
    check_everything(home, url, case_id, "legal")


@pytest.mark.parametrize("failpoint", IN_THE_WORKER)
def test_a_worker_killed_at_completion_finishes_after_the_restart(
    scene: tuple[Path, str, Office], failpoint: str
) -> None:
    home, url, office = scene
    case_id = claim_at_finance(office)
    killed = run(home, url, case_id, "finance", failpoint)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = run(home, url, case_id, "finance")
    assert again.returncode == 0, again.stderr
    assert again.stdout.strip() == "done before"
    check_everything(home, url, case_id, "finance")
    with office.runtime.database.read() as session:
        case = session.get_one(Case, case_id)
        assert case.evidence_state == EvidenceState.DONE
        stamped = session.scalar(
            select(func.count()).select_from(Version).where(Version.reason == VersionReason.TIMESTAMPED)
        )
    assert stamped == 1


def check_everything(home: Path, url: str, case_id: UUID, step: str) -> None:
    """One decision, one signature, every version's bytes there and whole, the audit trail whole."""
    runtime = open_home(home, url)
    try:
        store = runtime.get(ObjectStore)
        with runtime.database.read() as session:
            task = session.scalars(select(Task).where(Task.case_id == case_id, Task.step_key == step)).one()
            assert task.state == TaskState.DONE
            decisions = session.scalars(select(Decision).where(Decision.task_id == task.id)).all()
            assert len(decisions) == 1
            assert audit.verify(session) is None
            assert session.scalar(select(OutboxJob.id).limit(1)) is None
            roots = runtime.get(SigningService).trust_anchors(session)
            for version in session.scalars(select(Version)):
                data = store.read(version.digest)
                assert hashlib.sha256(data).hexdigest() == version.digest
                assert session.get_one(StoredObject, version.digest).references >= 1
            for document in session.scalars(select(Document)):
                numbers = session.scalars(
                    select(Version.number).where(Version.document_id == document.id).order_by(Version.number)
                ).all()
                assert list(numbers) == list(range(1, document.current_version + 1))
            papers = session.scalars(
                select(Version.digest)
                .join(
                    Document,
                    (Document.id == Version.document_id) & (Document.current_version == Version.number),
                )
                .join(CaseDocument, CaseDocument.document_id == Document.id)
                .where(CaseDocument.case_id == case_id, CaseDocument.is_signed_in_place)
            ).all()
        for digest in papers:
            verdict = verify_pdf(store.read(digest), roots, datetime.now(UTC))
            assert verdict.outcome == "valid"
            fields = [
                one.field_name for one in verdict.facts.signatures if one.field_name.endswith(f"_{step}")
            ]
            assert len(fields) == 1
    finally:
        assembly.close(runtime)
