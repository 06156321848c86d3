"""The installation as a whole: backed up, deleted with its master key, restored, and at work again."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from core import audit
from core.clock import FixedClock
from core.masterkey import MasterKey
from core.models import OutboxJob, PeriodicJob
from core.settings import Settings
from core.tasks import PERIODIC, run_pending, sweep_periodic
from ingest.models import Version
from retention.backups import BackupService
from retention.models import Backup
from retention.restore import restore
from search.index import Query
from search.service import Searcher
from signing.models import Seal, SealRecord
from signing.verification import verify_pdf
from tests.builders import FAST_PASSWORDS, Company
from tests.databases import empty_database
from tests.office import FAST_PIN, Office, open_office
from vermilion import assembly, migrations
from workflow.models import Case


def reopen(settings: Settings, company: Company, seal: Seal) -> Office:
    """The restored installation as ``serve`` opens it, with the same people."""
    master_key = MasterKey.load(settings.home)
    assert master_key is not None
    runtime = assembly.build(settings, master_key, passwords=FAST_PASSWORDS, pin_cost=FAST_PIN)
    office = Office(runtime, Company(runtime, company.entity_id, company.departments, company.people))
    office.seal = seal
    return office


def facts(office: Office) -> dict[str, list[object]]:
    """What must be the same afterwards."""
    with office.runtime.database.read() as session:
        return {
            "cases": sorted(session.execute(select(Case.serial_number, Case.state, Case.amount)).all()),
            "versions": sorted(
                session.execute(select(Version.document_id, Version.number, Version.digest)).all()
            ),
            "register": sorted(session.execute(select(SealRecord.number, SealRecord.digest_after)).all()),
        }


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_restored_installation_shows_the_same_and_signs_again(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    home, backup_url = tmp_path / "home", f"file:{tmp_path}/backups"
    if kind == "sqlite":
        _check(home, "", "", backup_url)
        return
    server = request.getfixturevalue("postgresql")
    with empty_database(server) as first, empty_database(server) as second:
        _check(home, first, second, backup_url)


def _check(home: Path, url: str, new_url: str, backup_url: str) -> None:
    with open_office(home, url, backup_url=backup_url) as office:
        finished = office.finished_contract()
        service = office.runtime.get(BackupService)
        service.run("full")
        running = office.submit_contract(title="第二份合同")
        office.decide("head", running)
        office.work_off()
        service.run("incremental")
        before, papers = facts(office), office.papers(finished)
        recovery_key = office.runtime.master_key.recovery_key()
        company, seal = office.company, office.seal
    shutil.rmtree(home)

    settings = Settings(home=home, database_url=new_url, backup_url=backup_url)
    restore(settings, "latest", recovery_key, migrations.upgrade)
    office = reopen(settings, company, seal)
    try:
        assert facts(office) == before
        assert office.papers(finished) == papers
        office.work_off()  # the search index is made again
        found = office.runtime.get(Searcher).search(office.principal("admin"), Query(text="第二份合同"))
        assert running in {hit.id for hit in found.hits}

        for username in ("legal", "finance", "gm"):
            office.decide(username, running, comment="恢复后同意")
        with office.runtime.database.read() as session:
            assert audit.verify(session) is None
        for name, paper in office.papers(running).items():
            verdict = verify_pdf(paper, office.roots(), datetime.now(UTC))
            assert verdict.outcome == "valid", name
        new = office.finished_contract("恢复后的合同")
        assert office.view("admin", new).case.serial_number not in {row[0] for row in before["cases"]}  # type: ignore[index]
        made = office.runtime.get(BackupService).run("incremental")
        assert (made.kind, len(made.chain)) == ("incremental", 3)
        office.runtime.get(BackupService).verify()
    finally:
        assembly.close(office.runtime)


def test_daily_and_weekly_backups_come_round_by_themselves(tmp_path: Path) -> None:
    """Monday's 02:00 is the first; on Sunday at 01:00 comes the full one, an hour later the daily one."""
    clock = FixedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))  # a Monday, 16:00 in Shanghai
    with open_office(tmp_path / "home", clock=clock, backup_url=f"file:{tmp_path}/backups") as office:
        names = [name for name in PERIODIC if name.startswith("retention.")]
        sweep_periodic(office.runtime)
        due = {}
        with office.runtime.database.read() as session:
            for name in names:
                due[name] = session.get_one(PeriodicJob, name).next_run
        assert sorted(due.values()) == [
            datetime(2026, 3, 2, 18, 0, tzinfo=UTC),  # Tuesday 02:00 in Shanghai
            datetime(2026, 3, 7, 17, 0, tzinfo=UTC),  # Sunday 01:00
        ]
        for until in sorted(due.values()):
            clock.advance(until - clock.now())
            sweep_periodic(office.runtime)
            run_pending(office.runtime)
        with office.runtime.database.read() as session:
            kinds = session.scalars(select(Backup.kind).order_by(Backup.started_at)).all()
            left = session.scalars(
                select(OutboxJob.task).where(OutboxJob.task.startswith("retention."))
            ).all()
        assert kinds[0] == "full"
        assert kinds[-1] in ("full", "incremental") and "full" in kinds[1:]
        assert left == []
        assert office.runtime.get(BackupService).verify().rows > 0
