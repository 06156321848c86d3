"""Background work of signing."""

from __future__ import annotations

from datetime import timedelta

from core.models import Organisation
from core.outbox import Job
from core.runtime import Runtime
from core.tasks import Schedule, periodic, task
from signing import outside_fetching, peppers, pin_guard, slot_ends
from signing.service import SigningService


@task("signing.renew_crls")
def renew_crls(runtime: Runtime, _job: Job) -> None:
    """Publish revocation lists before the old ones end."""
    if _is_set_up(runtime):
        runtime.get(SigningService).authority.renew_crls()


@task("signing.renew_certificates")
def renew_certificates(runtime: Runtime, _job: Job) -> None:
    """Renew what nears its end, and tell people of what nobody here can renew."""
    if _is_set_up(runtime):
        service = runtime.get(SigningService)
        service.certificates.renew_due()
        service.offline_root.remind()


@task(outside_fetching.TASK)
def fetch_outside_lists(runtime: Runtime, _job: Job) -> None:
    """Fetch the revocation lists of outside authorities that are due."""
    if _is_set_up(runtime):
        runtime.get(SigningService).outside_fetching.run()


def _is_set_up(runtime: Runtime) -> bool:
    with runtime.database.read() as session:
        return session.get(Organisation, 1) is not None


periodic("signing.renew_crls", Schedule(every=timedelta(hours=6)))
periodic("signing.renew_certificates", Schedule(every=timedelta(days=1)))
periodic(outside_fetching.TASK, Schedule(every=timedelta(hours=1)))


@task("signing.tidy_custody")
def tidy_custody(runtime: Runtime, job: Job) -> None:
    """Delete counts of sources that have faded, and peppers that no envelope needs any more."""
    now = runtime.clock.now()
    with runtime.database.write() as session:
        pin_guard.forget_sources(session, now - pin_guard.FADES_AFTER)
        peppers.tidy(session, now - timedelta(hours=1))
        job.finish(session)


periodic("signing.tidy_custody", Schedule(every=timedelta(hours=24)))


@task(slot_ends.TASK)
def destroy_slot_keys(runtime: Runtime, _job: Job) -> None:
    """Destroy in their tokens the keys that seals need no more; tried again hourly while a token is away."""
    runtime.get(SigningService).slot_ends.destroy_due()


periodic(slot_ends.TASK, Schedule(every=timedelta(hours=1)))


@task("signing.tidy_scans")
def tidy_scans(runtime: Runtime, job: Job) -> None:
    """Give up the scans that nobody applied for a seal with."""
    with runtime.database.write() as session:
        runtime.get(SigningService).scans.tidy(session)
        job.finish(session)


periodic("signing.tidy_scans", Schedule(every=timedelta(hours=24)))
