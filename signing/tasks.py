"""Background work of signing."""

from __future__ import annotations

from datetime import timedelta

from core.models import Organisation
from core.outbox import Job
from core.runtime import Runtime
from core.tasks import Schedule, periodic, task
from signing.service import SigningService


@task("signing.renew_crls")
def renew_crls(runtime: Runtime, _job: Job) -> None:
    """Publish revocation lists before the old ones end."""
    with runtime.database.read() as session:
        if session.get(Organisation, 1) is None:
            return
    runtime.get(SigningService).authority.renew_crls()


periodic("signing.renew_crls", Schedule(every=timedelta(hours=6)))
