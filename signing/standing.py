"""How the authority stands: what an administrator should look at, with figures. For the health page,
``doctor``, the API and the command line alike; the texts are ``pki-<code>``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.settings import Settings
from signing import person_slots, pki, slot_ends
from signing.authority import Authority
from signing.models import CertificateRequest, CertificateRole, RevocationList
from signing.offline_root import LIST_SOON, lacks
from signing.outside_fetching import OutsideFetching
from signing.outside_lists import OutsideLists
from signing.renewing import is_root_needed
from signing.timestamps.waiting import WaitingTimestamps
from signing.trust import timestamp_roots

_LATE: Final = timedelta(days=pki.CRL_DAYS) / 2 + timedelta(days=1)
"""A list of ours is renewed by then at the latest, if background work runs at all."""
_ROOT_SOON: Final = timedelta(days=730)
_ENDING: Final = timedelta(days=14)
_LONG_WAIT: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Remark:
    """One thing that was looked at. ``context`` fills the text ``pki-<code>``."""

    code: str
    level: Literal["ok", "warning", "error"]
    context: dict[str, str | int]


def remarks(
    session: Session, authority: Authority, waiting: WaitingTimestamps, settings: Settings, now: datetime
) -> list[Remark]:
    """Lists, certificates and time-stamps; empty before the set-up."""
    if not authority.members.entries():
        return _asked(session, settings)
    return [
        *_asked(session, settings),
        *_lists(session, authority, settings, now),
        *_certificates(authority, settings, now),
        *_timestamps(session, authority, waiting, settings, now),
        *_slots(session, settings),
    ]


def outside_remarks(session: Session, lists: OutsideLists, fetching: OutsideFetching) -> list[Remark]:
    """Certificates of outside authorities of which no current list speaks, and lists that do not come."""
    found = [
        Remark("outside-unknown", "warning",
               {"issuer": one.issuer, "subject": one.subject, "owner": one.owner or "–"})
        for one in lists.gaps(session)
    ]  # fmt: skip
    for name, reason in sorted(fetching.last_failures.items()):
        found.append(Remark("outside-fetching", "warning", {"name": name, "reason": reason}))
    return found


def _asked(session: Session, settings: Settings) -> list[Remark]:
    """A request that waits for the answer of the offline root."""
    since = session.scalar(
        select(CertificateRequest.made_at).where(CertificateRequest.answered_at.is_(None)).limit(1)
    )
    return [] if since is None else [Remark("root-asked", "warning", {"day": _date(since, settings)})]


def _lists(session: Session, authority: Authority, settings: Settings, now: datetime) -> list[Remark]:
    rows = {row.issuer_id: row for row in session.scalars(select(RevocationList))}
    found = []
    for one in authority.members.entries():
        if not one.is_good or one.not_after <= now:
            continue
        row = rows.get(one.id)
        if row is None or row.next_update <= now:
            found.append(Remark("crl-overdue", "error", {"name": one.name, "day": _day(row, settings)}))
        elif one.has_key and now - row.this_update > _LATE:
            found.append(Remark("crl-late", "warning", {"name": one.name, "day": _day(row, settings)}))
        elif not one.has_key and row.next_update - now < LIST_SOON:
            found.append(
                Remark("crl-offline-ending", "warning", {"name": one.name, "day": _day(row, settings)})
            )
        if row is not None and not one.has_key and lacks(session, row):
            found.append(Remark("crl-lacks", "error", {"name": one.name}))
    if not found:
        ends = [row.next_update for row in rows.values() if row.next_update > now]
        first = min(ends, default=now).astimezone(settings.zone)
        found.append(Remark("crl-good", "ok", {"day": f"{first:%Y-%m-%d %H:%M}"}))
    return found


def _day(row: RevocationList | None, settings: Settings) -> str:
    return "–" if row is None else f"{row.next_update.astimezone(settings.zone):%Y-%m-%d %H:%M}"


def _certificates(authority: Authority, settings: Settings, now: datetime) -> list[Remark]:
    found = []
    for role in (CertificateRole.ISSUING, CertificateRole.TSA, CertificateRole.SERVICE, CertificateRole.OCSP):
        member = authority.members.newest(role)
        if member is None:
            found.append(Remark("certificate-missing", "error", {"role": role.value}))
            continue
        if role is CertificateRole.ISSUING and is_root_needed(authority.members, now):
            day = _date(member.certificate.not_valid_after_utc, settings)
            found.append(Remark("issuing-due", "warning", {"day": day}))
        end = member.certificate.not_valid_after_utc
        if end - now < _ENDING:
            level: Literal["warning", "error"] = "error" if end <= now else "warning"
            found.append(
                Remark("certificate-ending", level, {"role": role.value, "day": _date(end, settings)})
            )
    for one in authority.members.entries():
        if one.role is CertificateRole.ROOT and one.is_good and one.not_after - now < _ROOT_SOON:
            found.append(
                Remark(
                    "certificate-ending", "warning", {"role": "root", "day": _date(one.not_after, settings)}
                )
            )
    return found


def _timestamps(
    session: Session, authority: Authority, waiting: WaitingTimestamps, settings: Settings, now: datetime
) -> list[Remark]:
    found = []
    state = waiting.summary(session)
    if state.count and state.since is not None:
        since = state.since.astimezone(settings.zone)
        level: Literal["warning", "error"] = "error" if now - state.since > _LONG_WAIT else "warning"
        context: dict[str, str | int] = {"count": state.count, "since": f"{since:%Y-%m-%d %H:%M}"}
        found.append(Remark("timestamps-waiting", level, {**context, "reason": state.reason or "–"}))
    stampers = authority.stampers
    for name, reason in sorted(stampers.outside.last_failures.items()):
        found.append(Remark("timestamps-failing", "warning", {"name": name, "reason": reason}))
    if any(not one.trust for one in stampers.addresses) and not timestamp_roots(session):
        found.append(Remark("timestamps-untrusted", "warning", {}))
    return found


def _slots(session: Session, settings: Settings) -> list[Remark]:
    """Keys in tokens: of seals that need them no more, and of people who cannot reach theirs."""
    count = slot_ends.waiting(session)
    found = [Remark("slot-keys-waiting", "warning", {"count": count})] if count else []
    lost = person_slots.out_of_reach(session, settings)
    return [*found, *([Remark("signing-tokens-lost", "error", {"count": lost})] if lost else [])]


def _date(moment: datetime, settings: Settings) -> str:
    return moment.astimezone(settings.zone).date().isoformat()
