"""Background tasks: the registry, the embedded worker, periodic jobs, and the Celery application.

A task is ``def name(runtime: Runtime, job: Job) -> None``, registered with ``@task``. It must be
harmless when repeated. The same tasks run in a thread of ``serve`` (``embedded:``) or in Celery
workers, fed by the same outbox.
"""

from __future__ import annotations

import hashlib
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from core import outbox
from core.database import insert_unless_there
from core.ids import new_id
from core.models import PeriodicJob
from core.outbox import Job
from core.runtime import Runtime

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger()

Handler = Callable[[Runtime, Job], None]
Beginning = Callable[[Session, Job], None]
"""Notes, in the transaction that claims a job, that its work has begun."""


@dataclass(frozen=True)
class TaskSpec:
    """How a task is run: how long one try may take, how often it is tried, what a claim notes."""

    name: str
    handler: Handler
    lease: timedelta
    max_tries: int
    begin: Beginning | None


@dataclass(frozen=True)
class Schedule:
    """When a periodic job comes round: every so often, or at a time of day (organisation's zone).

    ``weekday`` 0 is Monday.
    """

    every: timedelta | None = None
    at: time | None = None
    weekday: int | None = None

    def next_after(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The first instant after ``now``, in UTC."""
        if self.every is not None:
            return now + self.every
        local = now.astimezone(zone)
        candidate = datetime.combine(local.date(), self.at or time(0), zone)
        while candidate <= local or (self.weekday is not None and candidate.weekday() != self.weekday):
            candidate = datetime.combine(candidate.date() + timedelta(days=1), self.at or time(0), zone)
        return candidate.astimezone(UTC)


TASKS: Final[dict[str, TaskSpec]] = {}
PERIODIC: Final[dict[str, Schedule]] = {}


def task(
    name: str,
    *,
    lease: timedelta = timedelta(minutes=5),
    max_tries: int = 8,
    begin: Beginning | None = None,
) -> Callable[[Handler], Handler]:
    """Register a task under a stable name ``<room>.<verb>``."""

    def register(handler: Handler) -> Handler:
        TASKS[name] = TaskSpec(name, handler, lease, max_tries, begin)
        return handler

    return register


def periodic(name: str, schedule: Schedule) -> None:
    """Have the registered task ``name`` run on a schedule, with an empty payload."""
    PERIODIC[name] = schedule


def sweep_periodic(runtime: Runtime) -> int:
    """Enqueue the periodic jobs whose time has come. Two sweeps at once enqueue each job once."""
    now, zone, started = runtime.clock.now(), runtime.settings.zone, 0
    with runtime.database.write() as session:
        for name, schedule in PERIODIC.items():
            first = schedule.next_after(now, zone)
            insert_unless_there(session, PeriodicJob, [{"name": name, "next_run": first}])
            claimed = session.execute(
                update(PeriodicJob)
                .where(PeriodicJob.name == name, PeriodicJob.next_run <= now)
                .values(next_run=first, last_run=now)
            )
            if claimed.rowcount:  # type: ignore[attr-defined]
                outbox.enqueue(session, name, {}, now, key=f"periodic:{name}")
                started += 1
    return started


def lease_of(task_name: str) -> timedelta:
    """How long one try of a task may take before its job is given to somebody else."""
    spec = TASKS.get(task_name)
    return spec.lease if spec else timedelta(minutes=5)


def claim(runtime: Runtime, owner: str, now: datetime) -> Job | None:
    """Take the oldest job whose time has come."""
    with runtime.database.write() as session:
        jobs = outbox.claim(session, owner, now, lease_of, 1)
        return _begun(session, jobs[0]) if jobs else None


def _begun(session: Session, job: Job) -> Job:
    spec = TASKS.get(job.task)
    if spec is not None and spec.begin is not None:
        spec.begin(session, job)
    return job


def run(runtime: Runtime, job: Job) -> None:
    """Run one claimed job to its end: done, to be tried again, or given up. Never raises."""
    spec = TASKS.get(job.task)
    try:
        if spec is None:
            raise LookupError(f"no task is called {job.task}")
        if job.tries > spec.max_tries:  # only a worker that died each time leaves such a job behind
            raise RuntimeError(f"the process ended {spec.max_tries} times while it ran this job")
        spec.handler(runtime, job)
        if not job.is_finished:
            with runtime.database.write() as session:
                job.finish(session)
    except outbox.LeaseLost:
        log.warning("job_lease_lost", task=job.task, job=str(job.id))
    except Exception as error:  # whatever a task raises must not stop the worker
        now = runtime.clock.now()
        gave_up = spec is None or job.tries >= spec.max_tries
        retry_at = None if gave_up else now + backoff(job.tries)
        log.error(
            "job_failed", task=job.task, job=str(job.id), tries=job.tries, gave_up=gave_up, exc_info=error
        )
        with runtime.database.write() as session:
            outbox.release(session, job, f"{type(error).__name__}: {error}", retry_at, now)


def backoff(tries: int) -> timedelta:
    """How long to wait after the ``tries``-th failure: 1 s, 4 s, 16 s, … at most an hour."""
    return min(timedelta(seconds=4 ** (tries - 1)), timedelta(hours=1))


def run_pending(runtime: Runtime, *, limit: int = 1000) -> int:
    """Run what is due now in this thread; for the command line and for tests. Returns how many."""
    owner, done = f"drain:{new_id()}", 0
    while done < limit:
        job = claim(runtime, owner, runtime.clock.now())
        if job is None:
            break
        run(runtime, job)
        done += 1
    return done


class EmbeddedWorker:
    """Threads inside ``serve`` that run the outbox and sweep the periodic jobs."""

    def __init__(
        self, runtime: Runtime, threads: int = 2, poll: timedelta = timedelta(milliseconds=500)
    ) -> None:
        self._runtime = runtime
        self._poll = poll.total_seconds()
        self._wake = threading.Condition()
        self._stopping = False
        # Named after machine and home, so that the next start can tell whose jobs were left behind.
        place = f"{socket.gethostname()}:{runtime.settings.home.absolute()}"
        self._place = f"embedded:{hashlib.sha256(place.encode()).hexdigest()[:12]}:"
        self._threads = [
            threading.Thread(target=self._work, name=f"worker-{n}", daemon=True) for n in range(threads)
        ]
        self._threads.append(threading.Thread(target=self._sweep, name="periodic", daemon=True))
        runtime.database.on_outbox_commit(self._notify)

    def start(self) -> None:
        """Begin to work. The caller holds the home's lock, so whoever worked here before is gone."""
        with self._runtime.database.write() as session:
            recovered = outbox.recover(session, self._place)
        if recovered:
            log.info("jobs_recovered", jobs=recovered)
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 10) -> None:
        """Let the running jobs end; what is left is found again at the next start."""
        self._stopping = True
        self._notify()
        for thread in self._threads:
            thread.join(timeout)

    def _notify(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def _work(self) -> None:
        owner = self._place + secrets.token_hex(8)
        while not self._stopping:
            try:
                if self._run_one(owner):
                    continue
            except Exception as error:  # the database may be away for a while
                log.error("worker_failed", exc_info=error)
            with self._wake:
                if not self._stopping:
                    self._wake.wait(self._poll)

    def _run_one(self, owner: str) -> bool:
        now = self._runtime.clock.now()
        with self._runtime.database.read() as session:
            due = outbox.next_run(session)
        if due is None or due > now:
            return False
        job = claim(self._runtime, owner, now)
        if job is not None:
            run(self._runtime, job)
        return job is not None

    def _sweep(self) -> None:
        while not self._stopping:
            try:
                sweep_periodic(self._runtime)
            except Exception as error:  # the database may be away for a while
                log.error("sweep_failed", exc_info=error)
            with self._wake:
                if not self._stopping:
                    self._wake.wait(30)


def celery_application(broker_url: str) -> Celery:
    """The Celery application. It carries job ids only; the rows stay the truth."""
    from celery import Celery  # takes long to import, and the embedded worker needs none of it

    application = Celery("vermilion", broker=broker_url)
    application.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        task_default_queue="vermilion",
    )
    return application


def register_celery_runner(application: Celery, runtime: Callable[[], Runtime]) -> None:
    """Add the one Celery task there is: claim the job by its id and run it."""

    @application.task(name="vermilion.run_job")  # type: ignore[untyped-decorator]
    def run_job(job_id: str) -> None:
        current = runtime()
        owner = f"celery:{new_id()}"
        with current.database.write() as session:
            job = outbox.claim_one(session, UUID(job_id), owner, current.clock.now(), lease_of)
            if job is not None:
                _begun(session, job)
        if job is not None:
            run(current, job)


class Relay:
    """Sends waiting outbox rows to Celery, and again when a lease ran out without completion."""

    def __init__(
        self, runtime: Runtime, application: Celery, lease: timedelta = timedelta(seconds=60)
    ) -> None:
        self._runtime = runtime
        self._application = application
        self._lease = lease

    def relay(self, limit: int = 100) -> int:
        """Send what is due. Returns how many were sent."""
        now = self._runtime.clock.now()
        with self._runtime.database.write() as session:
            ids = outbox.lease_for_relay(session, now, self._lease, limit)
        for job_id in ids:
            self._application.send_task("vermilion.run_job", args=[str(job_id)], task_id=str(job_id))
        return len(ids)
