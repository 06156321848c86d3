"""Exports: a file of everything that a search finds, written in the background.

What the person may see is asked three times: by the index, by the database while the file is written,
and again when it is fetched, for every record that stands in it. The file and the list of what stands
in it are objects that nothing refers to: the store keeps them for a day.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core import audit, outbox
from core.batches import batches
from core.clock import Clock
from core.database import Database
from core.errors import NotFound, VermilionError
from core.i18n import Language, Translator, translator
from core.permissions import Principal, load_principal
from core.sheets import MOST_ROWS, Cell, SheetFormat, csv_pieces, write_workbook
from search.errors import ExportNotReady, ExportOutdated, TooManyExports
from search.explaining import kind_text, state_text
from search.index import Key, Query, Record, Tag
from search.keeping import CHECKED_AT_ONCE
from search.models import ExportState, SearchExport
from search.service import Searcher, allowed_keys
from search.stored_query import from_json, to_json
from storage.service import ObjectStore

KEPT: Final = timedelta(days=1)
"""How long a file can be fetched; the object store keeps what nothing refers to for as long."""
AT_ONCE: Final = 3
"""How many exports of a person may be in the making."""
COLUMNS: Final = (
    "kind", "number", "title", "state", "date", "seal", "applicant", "department", "people", "counterparty",
    "amount", "id",
)  # fmt: skip
"""Texts ``search-column-…``."""
RESOURCE: Final = "search_export"
_REPORT_EVERY: Final = 200
_FORMAT_VERSION: Final = 1


@dataclass(frozen=True)
class ExportFile:
    """A file that is ready: its bytes are ``digest`` in the object store."""

    name: str
    format: SheetFormat
    digest: str
    size: int


class SearchExports:
    """Writes files of search results and hands them out."""

    def __init__(
        self, database: Database, store: ObjectStore, clock: Clock, zone: ZoneInfo, searcher: Searcher
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._zone = zone
        self._searcher = searcher

    def start(
        self, principal: Principal, query: Query, form: SheetFormat, language: Language
    ) -> SearchExport:
        """Have a file written in the background. Raises TooManyExports."""
        now = self._clock.now()
        with self._database.write() as session:
            unfinished = select(func.count()).where(
                SearchExport.person_id == principal.person_id,
                SearchExport.state.in_((ExportState.WAITING, ExportState.RUNNING)),
                SearchExport.expires_at > now,
            )
            if (session.scalar(unfinished) or 0) >= AT_ONCE:
                raise TooManyExports(limit=AT_ONCE)
            row = SearchExport(
                person_id=principal.person_id,
                query=to_json(query),
                format=form,
                language=language,
                state=ExportState.WAITING,
                created_at=now,
                expires_at=now + KEPT,
            )
            session.add(row)
            session.flush()
            outbox.enqueue(session, "search.export", {"id": str(row.id)}, now, key=f"search.export:{row.id}")
        return row

    def write(self, export_id: UUID) -> None:
        """Write the file with what its person may see now. Repeating that is harmless.

        Raises SearchUnavailable, StorageFull, NotFound when the person has left, and others of the store.
        """
        with self._database.read() as session:
            row = session.get(SearchExport, export_id)
            if row is None or row.state == ExportState.DONE:
                return
            principal = load_principal(session, row.person_id, self._clock.now(), self._zone)
        query = from_json(row.query)
        total = self._searcher.search(principal, replace(query, offset=0, limit=1, facets=False)).total
        self._note(export_id, 0, min(total, MOST_ROWS))
        text = translator(self._language(row))
        writing = _Writing(self._searcher, principal, query, text, self._zone)
        rows = self._watched(export_id, writing.rows(), min(total, MOST_ROWS))
        made = self._clock.now()
        with TemporaryDirectory() as folder:
            if row.format == "csv":
                kept = self._store.keep(csv_pieces(rows))
            else:
                path = Path(folder) / "found.xlsx"
                write_workbook(path, text.text("search-export-title"), rows)
                kept = self._store.keep(path)
        keys = self._store.keep(_packed(writing.written))
        with self._database.write() as session:
            session.execute(
                update(SearchExport)
                .where(SearchExport.id == export_id)
                .values(
                    state=ExportState.DONE,
                    done=len(writing.written),
                    total=len(writing.written),
                    is_cut=writing.is_cut,
                    digest=kept.digest,
                    keys_digest=keys.digest,
                    size=kept.size,
                    error=None,
                    expires_at=made + KEPT,
                )
            )
            payload = {"format": row.format, "records": len(writing.written), "query": row.query}
            audit.record(
                session, self._clock.now(), row.person_id, "search.exported", RESOURCE, export_id, payload
            )

    def fail(self, export_id: UUID, error: Exception) -> None:
        """It is given up."""
        code = error.code if isinstance(error, VermilionError) else "internal"
        with self._database.write() as session:
            session.execute(
                update(SearchExport)
                .where(SearchExport.id == export_id, SearchExport.state != ExportState.DONE)
                .values(state=ExportState.FAILED, error=code)
            )

    def fetch(self, principal: Principal, export_id: UUID, address: str | None) -> ExportFile:
        """The file, for whom it was made, when they may still see all that stands in it.

        The download is an audit entry. Raises NotFound (also for somebody else's, and when its day is
        over), ExportNotReady, ExportOutdated.
        """
        now = self._clock.now()
        with self._database.read() as session:
            row = find(session, principal, export_id, now)
        if row.state != ExportState.DONE or row.digest is None or row.keys_digest is None or row.size is None:
            raise ExportNotReady(state=row.state)
        lost = 0
        for some in batches(_unpacked(self._store.read(row.keys_digest)), CHECKED_AT_ONCE):
            with self._database.read() as session:
                lost += len(some) - len(allowed_keys(session, principal, some))
        if lost:
            raise ExportOutdated(count=lost)
        with self._database.write() as session:
            payload = {"format": row.format, "records": row.done, "address": address}
            audit.record(
                session, now, principal.person_id, "search.export_downloaded", RESOURCE, row.id, payload
            )
        form: SheetFormat = "csv" if row.format == "csv" else "xlsx"
        made = row.created_at.astimezone(self._zone)
        return ExportFile(f"search-{made:%Y%m%d-%H%M%S}.{form}", form, row.digest, row.size)

    def forget(self) -> int:
        """Delete the rows of files whose day is over. Returns how many."""
        with self._database.write() as session:
            over = delete(SearchExport).where(SearchExport.expires_at <= self._clock.now())
            return int(session.execute(over).rowcount)  # type: ignore[attr-defined]

    def _watched(
        self, export_id: UUID, rows: Iterable[Sequence[Cell]], total: int
    ) -> Iterator[Sequence[Cell]]:
        """The same rows, with a note of how far it is now and then."""
        for done, row in enumerate(rows):
            if done and done % _REPORT_EVERY == 0:
                self._note(export_id, done, max(total, done))
            yield row

    def _note(self, export_id: UUID, done: int, total: int) -> None:
        with self._database.write() as session:
            session.execute(
                update(SearchExport)
                .where(SearchExport.id == export_id)
                .values(state=ExportState.RUNNING, done=done, total=total)
            )

    @staticmethod
    def _language(row: SearchExport) -> Language:
        return "en" if row.language == "en" else "zh-CN"


class _Writing:
    """The rows of one file, and what was written so far."""

    def __init__(
        self, searcher: Searcher, principal: Principal, query: Query, text: Translator, zone: ZoneInfo
    ) -> None:
        self._searcher = searcher
        self._principal = principal
        self._query = query
        self._text = text
        self._zone = zone
        self.written: list[Key] = []
        self.is_cut = False

    def rows(self) -> Iterator[list[Cell]]:
        """The head, then a row for each record."""
        yield [self._text.text(f"search-column-{column}") for column in COLUMNS]
        keys = self._searcher.keys(self._principal, self._query)
        records = self._searcher.records_of(self._principal, keys)
        for record in islice(records, MOST_ROWS):
            self.written.append(record.key)
            yield self._cells(record)
        self.is_cut = next(records, None) is not None

    def _cells(self, record: Record) -> list[Cell]:
        states = [state for state in (record.state, *record.marks) if state]
        between = self._text.text("search-mistake-between")
        return [
            kind_text(record.kind, self._text),
            record.number,
            record.title,
            between.join(state_text(state, self._text) for state in states),
            _local(record.date, self._zone),
            _name(record.seal),
            _name(record.applicant),
            _name(record.department),
            between.join(person.name for person in record.people),
            record.counterparty,
            record.amount,
            str(record.id),
        ]


def exports(session: Session, principal: Principal, now: datetime) -> Sequence[SearchExport]:
    """The person's own whose day is not over, newest first."""
    own = select(SearchExport).where(
        SearchExport.person_id == principal.person_id, SearchExport.expires_at > now
    )
    return session.scalars(own.order_by(SearchExport.created_at.desc(), SearchExport.id.desc())).all()


def find(session: Session, principal: Principal, export_id: UUID, now: datetime) -> SearchExport:
    """One of the person's own. Raises NotFound, also for somebody else's, and when its day is over."""
    row = session.get(SearchExport, export_id)
    if row is None or row.person_id != principal.person_id or row.expires_at <= now:
        raise NotFound(what="search_export")
    return row


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(second=0, microsecond=0)


def _name(tag: Tag | None) -> str | None:
    return tag.name if tag else None


def _packed(keys: Sequence[Key]) -> bytes:
    """A line of JSON with a version and the kinds, then 17 bytes a key: the kind's place and the id."""
    kinds = sorted({key.kind for key in keys})
    head = json.dumps({"version": _FORMAT_VERSION, "kinds": kinds}, separators=(",", ":")).encode()
    places = {kind: bytes([place]) for place, kind in enumerate(kinds)}
    return head + b"\n" + b"".join(places[key.kind] + key.id.bytes for key in keys)


def _unpacked(packed: bytes) -> Iterator[Key]:
    head, _, body = packed.partition(b"\n")
    kinds = json.loads(head)["kinds"]
    for at in range(0, len(body), 17):
        yield Key(kinds[body[at]], UUID(bytes=body[at + 1 : at + 17]))
