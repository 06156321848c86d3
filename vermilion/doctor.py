"""``doctor``: what an administrator looks at first when something is wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import func, select

from core import audit
from core.clock import SystemClock
from core.database import Database
from core.errors import VermilionError
from core.key_stores import load_master_key
from core.masterkey import FILE_NAME
from core.models import AuditEntry, Organisation, OutboxJob
from core.settings import Settings
from ingest.antivirus import Antivirus
from retention.models import Backup
from search.keeping import Progress
from signing.authority import Authority
from signing.certificates import Certificates
from signing.outside_fetching import OutsideFetching
from signing.outside_lists import OutsideLists
from signing.standing import outside_remarks, remarks
from signing.timestamps.waiting import WaitingTimestamps
from storage.opening import open_objects
from vermilion.commands.terminal import texts
from vermilion.searching import open_searcher

Level = Literal["ok", "warning", "error"]
_LOW_DISK = 2 * 1024**3
_NAMED = 10
"""Of the things that the index has otherwise, that are named."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    level: Level
    message: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(settings: Settings, progress: Progress | None = None) -> list[Finding]:
    """Look at everything; what cannot be opened becomes a finding instead of an error.

    ``progress`` is called while the index is compared with the database, which may take long.
    """
    findings = [_disk(settings), _master_key(settings)]
    database = Database(settings.effective_database_url)
    try:
        findings += _guarded("database", lambda: _database(database))
        findings += _guarded("certificates", lambda: _certificates(settings, database))
        findings += _guarded("objects", lambda: _objects(settings))
        findings += _guarded("search", lambda: _search(settings, database, progress))
        findings += _guarded("virus scanner", lambda: _scanner(settings))
    finally:
        database.dispose()
    return findings


def _guarded(subject: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(look())
    except VermilionError as error:
        return [Finding(subject, "error", texts().error(error))]
    except Exception as error:  # a damaged part must not hide the others
        return [Finding(subject, "error", f"{type(error).__name__}: {error}")]


def _disk(settings: Settings) -> Finding:
    place = settings.home if settings.home.exists() else settings.home.absolute().parent
    free = shutil.disk_usage(place).free
    level: Level = "warning" if free < _LOW_DISK else "ok"
    return Finding("disk", level, texts().text("doctor-disk", gigabytes=f"{free / 1024**3:.1f}"))


def _master_key(settings: Settings) -> Finding:
    if load_master_key(settings) is None:
        return Finding("master key", "warning", texts().text("doctor-no-master-key"))
    if not (settings.home / FILE_NAME).exists():  # it comes with the environment
        return Finding("master key", "ok", texts().text("doctor-key-good"))
    mode = (settings.home / "master.key").stat().st_mode & 0o777
    if mode & 0o077:
        return Finding("master key", "error", texts().text("doctor-key-mode", mode=f"{mode:o}"))
    return Finding("master key", "ok", texts().text("doctor-key-good"))


def _database(database: Database) -> Iterator[Finding]:
    text = texts()
    database.ping()
    with database.read() as session:
        if session.get(Organisation, 1) is None:
            yield Finding("organisation", "warning", text.text("doctor-not-set-up"))
        broken = audit.verify(session)
        entries = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
        yield Finding(
            "audit",
            "error" if broken else "ok",
            text.text("audit-broken", sequence=broken.sequence, reason=broken.reason)
            if broken
            else text.text("doctor-audit", entries=entries),
        )
        failed = session.scalar(select(func.count()).where(OutboxJob.failed_at.is_not(None))) or 0
        waiting = session.scalar(select(func.count()).where(OutboxJob.failed_at.is_(None))) or 0
        yield Finding(
            "jobs", "error" if failed else "ok", text.text("doctor-jobs", waiting=waiting, failed=failed)
        )
        last = session.scalar(select(func.max(Backup.finished_at)).where(Backup.state == "done"))
        yield Finding(
            "backup",
            "ok" if last else "warning",
            text.text("doctor-backup", day=last.date().isoformat())
            if last
            else text.text("doctor-no-backup"),
        )


def _certificates(settings: Settings, database: Database) -> Iterator[Finding]:
    """Revocation lists, the authority's certificates, and what waits for a time-stamp."""
    master_key = load_master_key(settings)
    if master_key is None:
        return
    clock = SystemClock()
    authority = Authority(database, master_key, clock, settings)
    with database.read() as session:
        found = remarks(session, authority, WaitingTimestamps(database, clock), settings, clock.now())
        certificates = Certificates(database, master_key, clock, settings, authority)
        lists = OutsideLists(database, clock, certificates)
        found += outside_remarks(session, lists, OutsideFetching(database, clock, settings, lists))
    for one in found:
        yield Finding("certificates", one.level, texts().text(f"pki-{one.code}", **one.context))


def _objects(settings: Settings) -> Iterator[Finding]:
    objects = open_objects(settings.effective_objects_url)
    next(iter(objects.list()), None)
    yield Finding("objects", "ok", texts().text("doctor-answers"))


def _search(settings: Settings, database: Database, progress: Progress | None) -> Iterator[Finding]:
    """Whether the index answers, and what it has otherwise than the database."""
    text = texts()
    searcher = open_searcher(settings, database, SystemClock())
    try:
        about = searcher.describe()
        yield Finding(
            "search",
            "ok",
            text.text(
                "doctor-search",
                engine=f"{about['engine']} {about['version']}",
                records=int(about["records"]),
                megabytes=f"{int(about['bytes']) / 1e6:.1f}",
            ),
        )
        if not searcher.is_complete():
            yield Finding("search", "warning", text.text("doctor-search-building"))
            return
        if "building" in about:
            yield Finding("search", "warning", text.text("doctor-search-rebuilding"))
        refused = searcher.refusals()
        if refused:
            named = "; ".join(f"{key.kind} {key.id}: {why}" for key, why in list(refused.items())[:_NAMED])
            told = text.text("doctor-search-refused", count=len(refused), named=named)
            yield Finding("search", "error", told)
        found = list(searcher.differences(progress))
        for what in ("missing", "outdated", "left-over"):
            those = [one.key for one in found if one.what == what]
            if those:
                named = ", ".join(f"{key.kind} {key.id}" for key in those[:_NAMED])
                yield Finding(
                    "search",
                    "error",
                    text.text(f"doctor-search-{what}", count=len(those), named=named),
                )
        if not found and not refused:
            yield Finding("search", "ok", text.text("doctor-search-same"))
    finally:
        searcher.close()


def _scanner(settings: Settings) -> Iterator[Finding]:
    antivirus = Antivirus(settings.clamav_url)
    if antivirus.is_on:
        antivirus.ping()
        yield Finding("virus scanner", "ok", texts().text("doctor-answers"))
