"""The same tasks by Celery workers over a real Redis: ``vermilion worker`` and ``vermilion beat``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import func, select

from core import audit
from core.models import OutboxJob
from ingest.models import DocumentKind, Version, VersionReason
from retention.models import RetentionTerm
from tests import servers
from tests.office import Office, contract_pdf, open_office
from workflow.models import Case, EvidenceState

ROOT = Path(__file__).parents[2]


@contextmanager
def process(home: Path, broker: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A ``vermilion`` process, ended after."""
    environment = {**os.environ, "VERMILION_HOME": str(home), "VERMILION_BROKER_URL": broker}
    started = subprocess.Popen(
        [sys.executable, "-m", "vermilion.cli", *arguments],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_until_worked_off(office: Office, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with office.runtime.database.read() as session:
            waiting = session.scalar(
                select(func.count()).select_from(OutboxJob).where(OutboxJob.task != "search.check")
            )
        if not waiting:
            return
        assert time.monotonic() < deadline, f"{waiting} jobs are still waiting"
        time.sleep(0.2)


def test_workers_over_redis_complete_cases_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with ExitStack() as stack:
        broker = stack.enter_context(servers.redis_server())
        office = stack.enter_context(open_office(home, broker_url=broker))
        for arguments in (("worker", "--concurrency", "2"), ("beat",)):
            stack.enter_context(process(home, broker, *arguments))
        cases = []
        for number in range(3):
            document = office.upload("staff", contract_pdf(f"发票{number}"), "发票.pdf", DocumentKind.INVOICE)
            line = {"document": str(document), "category": "travel", "amount": "100"}
            form = {"purpose": f"出差{number}", "invoices": [line]}
            case_id = office.workflow.submit(office.principal("staff"), "reimbursement", form)
            office.approve_all(case_id, "head", "finance")
            cases.append(case_id)
        wait_until_worked_off(office)
        with office.runtime.database.read() as session:
            states = session.scalars(select(Case.evidence_state)).all()
            stamped = session.scalar(
                select(func.count()).select_from(Version).where(Version.reason == VersionReason.TIMESTAMPED)
            )
            terms = session.scalar(select(func.count()).select_from(RetentionTerm))
            assert audit.verify(session) is None
        assert set(states) == {EvidenceState.DONE}
        assert (stamped, terms) == (3, 3)
