"""A process of its own that decides one task and works off what follows: the victim of the kill tests.

``python -m tests.e2e.approver HOME DATABASE_URL CASE_ID USERNAME``; it prints ``decided`` or ``done
before``, and dies by SIGKILL where ``VERMILION_FAILPOINT`` says so.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from core.masterkey import MasterKey
from core.models import OutboxJob, Person
from core.permissions import load_principal
from core.runtime import Runtime
from core.settings import Settings
from core.tasks import EmbeddedWorker
from tests.builders import FAST_PASSWORDS, PIN
from tests.office import FAST_PIN
from vermilion import assembly
from workflow.models import Outcome
from workflow.service import WorkflowService


def open_home(home: Path, url: str) -> Runtime:
    """The runtime of a home that was made before."""
    master_key = MasterKey.load(home)
    assert master_key is not None
    settings = Settings(home=home, database_url=url, log_level="error")
    return assembly.build(settings, master_key, passwords=FAST_PASSWORDS, pin_cost=FAST_PIN)


def decide(runtime: Runtime, case_id: UUID, username: str) -> str:
    """Approve the person's open task, if it is still open."""
    workflow = runtime.get(WorkflowService)
    with runtime.database.read() as session:
        person = session.scalars(select(Person).where(Person.username == username)).one()
        principal = load_principal(session, person.id, runtime.clock.now(), runtime.settings.zone)
        view = workflow.get_case(session, principal, case_id)
    if view.my_task is None:
        return "done before"
    workflow.decide(principal, view.my_task.id, Outcome.APPROVED, "同意", PIN, view.sheet.digest)
    return "decided"


def wait_for_work(runtime: Runtime, seconds: float = 60) -> None:
    """Until the outbox is empty."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with runtime.database.read() as session:
            if session.scalar(select(OutboxJob.id).limit(1)) is None:
                return
        time.sleep(0.05)
    raise TimeoutError("there is still work to do")


def main() -> None:
    home, url, case_id, username = sys.argv[1:]
    runtime = open_home(Path(home), url)
    worker = EmbeddedWorker(runtime)
    worker.start()
    print(decide(runtime, UUID(case_id), username), flush=True)
    wait_for_work(runtime)
    worker.stop()
    assembly.close(runtime)


if __name__ == "__main__":
    main()
