"""Background work of the edge."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from api.kept_answers import KEPT_FOR
from core import notices
from core.models import IdempotencyKey
from core.outbox import Job
from core.runtime import Runtime
from core.tasks import Schedule, periodic, task


@task("api.forget_answers")
def forget_answers(runtime: Runtime, _job: Job) -> None:
    """Delete the answers that were kept for repeated calls and forms, a day after they were given."""
    with runtime.database.write() as session:
        session.execute(
            delete(IdempotencyKey).where(IdempotencyKey.created_at < runtime.clock.now() - KEPT_FOR)
        )


@task("api.forget_notices")
def forget_notices(runtime: Runtime, _job: Job) -> None:
    """Delete notices that are months old: what they told of stands in the thing itself and in the trail."""
    with runtime.database.write() as session:
        notices.forget(session, runtime.clock.now() - notices.KEPT_FOR)


periodic("api.forget_answers", Schedule(every=timedelta(hours=6)))
periodic("api.forget_notices", Schedule(every=timedelta(days=1)))
