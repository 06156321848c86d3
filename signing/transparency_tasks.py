"""Background work of the tree: a head every hour, and each head to every place it should reach."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from core.errors import VermilionError
from core.models import Organisation
from core.outbox import Job
from core.runtime import Runtime
from core.tasks import Schedule, periodic, task
from signing import targets
from signing.register_models import HeadDelivery
from signing.service import SigningService
from signing.transparency import DELIVER, head, signed


@task("signing.make_head")
def make_head(runtime: Runtime, _job: Job) -> None:
    """Make a tree head when something happened since the last one."""
    with runtime.database.read() as session:
        if session.get(Organisation, 1) is None:
            return
    runtime.get(SigningService).transparency.make_head()


@task(DELIVER, max_tries=12)
def deliver_head(runtime: Runtime, job: Job) -> None:
    """Send one head to one place; what went wrong is noted where people see it, and it is tried again."""
    number, target = int(job.payload["head"]), str(job.payload["target"])
    with runtime.database.read() as session:
        found = signed(head(session, number))
    now = runtime.clock.now()
    try:
        receipt = targets.deliver(runtime.settings.head_targets, target, found, now)
    except VermilionError as error:
        _note(runtime, number, target, {"error": str(error.context.get("reason", error.code))[:500]})
        raise
    _note(runtime, number, target, {"error": None, "sent_at": now, "receipt": receipt[:500]})


def _note(runtime: Runtime, number: int, target: str, values: dict[str, Any]) -> None:
    with runtime.database.write() as session:
        session.execute(
            update(HeadDelivery)
            .where(HeadDelivery.head_number == number, HeadDelivery.target == target)
            .values(tries=HeadDelivery.tries + 1, **values)
        )


periodic("signing.make_head", Schedule(every=timedelta(hours=1)))
