"""The outbox: nothing lost, nothing doubled, whoever dies."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core import outbox, tasks
from core.clock import FixedClock
from core.database import Database
from core.models import AuditEntry, OutboxJob
from core.runtime import Runtime
from core.tasks import EmbeddedWorker, Schedule
from tests.builders import make_database, make_runtime

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def lease(_task: str) -> timedelta:
    return MINUTE


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = make_database(database_url)
    yield made
    made.dispose()


def enqueue(database: Database, *keys: str | None, at: datetime = NOON) -> None:
    with database.write() as session:
        for key in keys:
            outbox.enqueue(session, "test.task", {"key": key}, at, key=key)


def claim(database: Database, owner: str, now: datetime = NOON, limit: int = 10) -> list[outbox.Job]:
    with database.write() as session:
        return outbox.claim(session, owner, now, lease, limit)


def test_a_job_is_claimed_by_one_worker_only(database: Database) -> None:
    enqueue(database, None, None)
    assert len(claim(database, "a")) == 2
    assert claim(database, "b") == []


def test_a_job_is_not_claimed_before_its_time(database: Database) -> None:
    enqueue(database, None, at=NOON + MINUTE)
    assert claim(database, "a") == []
    assert len(claim(database, "a", NOON + MINUTE)) == 1


def test_a_lease_that_ran_out_returns_the_job_and_the_old_owner_cannot_finish(database: Database) -> None:
    enqueue(database, None)
    (late,) = claim(database, "slow")
    (again,) = claim(database, "quick", NOON + 2 * MINUTE)
    with pytest.raises(outbox.LeaseLost), database.write() as session:
        late.finish(session)
    with database.write() as session:
        again.finish(session)
    assert claim(database, "c", NOON + 10 * MINUTE) == []


def test_jobs_of_a_worker_known_to_be_dead_return_at_once(database: Database) -> None:
    enqueue(database, None, None)
    claim(database, "embedded:here:1")
    with database.write() as session:
        assert outbox.recover(session, "embedded:there:") == 0
        assert outbox.recover(session, "embedded:here:") == 2
    assert len(claim(database, "embedded:here:2")) == 2


def test_a_waiting_job_stands_for_later_ones_of_its_key_but_a_running_one_does_not(
    database: Database,
) -> None:
    enqueue(database, "index:1", "index:1")
    (running,) = claim(database, "a")
    enqueue(database, "index:1")
    assert len(claim(database, "b")) == 1
    with database.write() as session:
        running.finish(session)


def test_a_job_of_a_transaction_that_failed_never_runs(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as session:
        outbox.enqueue(session, "test.task", {}, NOON)
        _ = 1 / 0
    assert claim(database, "a") == []


def test_many_workers_claim_each_job_exactly_once(database: Database) -> None:
    enqueue(database, *[None] * 60)
    claimed: list[outbox.Job] = []
    guard = threading.Lock()

    def work(owner: str) -> None:
        while jobs := claim(database, owner, limit=3):
            with guard:
                claimed.extend(jobs)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == 60
    assert len({job.id for job in claimed}) == 60


def test_a_failing_task_is_tried_again_later_and_at_last_given_up(tmp_path: Path) -> None:
    clock = FixedClock(NOON)
    runtime = make_runtime(tmp_path, clock=clock)
    tries = []

    @tasks.task("test.fails", max_tries=3)
    def fails(_runtime: Runtime, job: outbox.Job) -> None:
        tries.append(job.tries)
        raise ValueError("always")

    with runtime.database.write() as session:
        outbox.enqueue(session, "test.fails", {}, NOON)
    for _ in range(10):
        tasks.run_pending(runtime)
        clock.advance(timedelta(hours=1))
    assert tries == [1, 2, 3]
    with runtime.database.read() as session:
        row = session.scalars(select(OutboxJob)).one()
    assert row.failed_at is not None and row.last_error == "ValueError: always"
    runtime.database.dispose()


def test_a_job_that_kills_its_worker_each_time_is_given_up(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        outbox.enqueue(session, "test.poison", {}, runtime.clock.now())

    @tasks.task("test.poison", max_tries=2)
    def poison(_runtime: Runtime, _job: outbox.Job) -> None:
        raise AssertionError("must not run a third time")

    for _ in range(2):
        claim(runtime.database, "embedded:x:1", runtime.clock.now())
        with runtime.database.write() as session:
            outbox.recover(session, "embedded:x:")
    tasks.run_pending(runtime)
    with runtime.database.read() as session:
        row = session.scalars(select(OutboxJob)).one()
    assert row.failed_at is not None and "ended 2 times" in (row.last_error or "")


def test_the_embedded_worker_runs_a_job_at_once(runtime: Runtime) -> None:
    done = threading.Event()

    @tasks.task("test.quick")
    def quick(_runtime: Runtime, _job: outbox.Job) -> None:
        done.set()

    worker = EmbeddedWorker(runtime)
    worker.start()
    try:
        with runtime.database.write() as session:
            outbox.enqueue(session, "test.quick", {}, runtime.clock.now())
        assert done.wait(5)
    finally:
        worker.stop()


def test_two_sweeps_at_once_start_a_periodic_job_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FixedClock(NOON)
    runtime = make_runtime(tmp_path, clock=clock)
    monkeypatch.setattr(tasks, "PERIODIC", {"test.daily": Schedule(every=timedelta(days=1))})
    tasks.sweep_periodic(runtime)
    clock.advance(timedelta(days=1))
    threads = [threading.Thread(target=tasks.sweep_periodic, args=(runtime,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with runtime.database.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxJob)) == 1
    runtime.database.dispose()


CRASHING_WORKER = """
import sys, time
from pathlib import Path
from core import audit, tasks
from tests.builders import open_runtime
runtime = open_runtime(Path(sys.argv[1]))

@tasks.task("test.count")
def count(runtime, job):
    with runtime.database.write() as session:
        audit.record(session, runtime.clock.now(), None, "test.counted", None, None, dict(job.payload))
        job.finish(session)

worker = tasks.EmbeddedWorker(runtime)
worker.start()
print("ready", flush=True)
time.sleep(60)
"""


def test_killed_workers_lose_no_job_and_double_none(tmp_path: Path) -> None:
    home = tmp_path / "home"
    runtime = make_runtime(home)
    with runtime.database.write() as session:
        for number in range(150):
            outbox.enqueue(session, "test.count", {"number": number}, runtime.clock.now())

    def left() -> int:
        with runtime.database.read() as session:
            return session.scalar(select(func.count()).select_from(OutboxJob)) or 0

    kills, deadline = 0, time.monotonic() + 100
    while left() and time.monotonic() < deadline:
        worker = subprocess.Popen(
            [sys.executable, "-c", CRASHING_WORKER, str(home)], stdout=subprocess.PIPE, cwd=Path.cwd()
        )
        assert worker.stdout is not None
        worker.stdout.readline()
        time.sleep(0.05 + 0.02 * (kills % 4) + 0.01 * kills)  # on a slow disk, later ones get further
        worker.kill()
        worker.communicate()
        kills += 1
    assert left() == 0
    with runtime.database.read() as session:
        numbers = [row.payload["number"] for row in session.scalars(select(AuditEntry)) if row.payload]
    assert sorted(numbers) == list(range(150))
    runtime.database.dispose()


def test_a_weekly_schedule_comes_round_on_its_day_in_the_organisations_zone() -> None:
    from datetime import time as clock_time
    from zoneinfo import ZoneInfo

    schedule = Schedule(at=clock_time(1), weekday=6)
    after = schedule.next_after(NOON, ZoneInfo("Asia/Shanghai"))
    assert after == datetime(2026, 11, 28, 17, tzinfo=UTC)  # Sunday 01:00 in Shanghai
    assert schedule.next_after(after, ZoneInfo("Asia/Shanghai")) == after + timedelta(days=7)
