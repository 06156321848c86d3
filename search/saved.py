"""Saved searches: kept under a name, and watched for what they find anew.

What a search has found before is known as a set: each record's key in eight bytes (BLAKE2b), sorted.
What it finds and the set lacks is new, whatever made it so: a record that came, that changed, or that
the person may see only now. So the set has to be whole, and a search that finds more than ``WATCHED``
records cannot be watched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import audit, notices, outbox
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, NotFound
from core.permissions import Principal, load_principal
from search.errors import (
    SavedSearchNameTaken,
    SearchTooWide,
    SearchUnavailable,
    StoredQueryUnknown,
    TooManySavedSearches,
)
from search.index import Key, Query
from search.models import SavedSearch
from search.service import Searcher
from search.stored_query import from_json, to_json

WATCHED: Final = 5_000
"""How many records a search may find for notices of new ones."""
MOST: Final = 100
"""How many searches a person may keep."""
LONGEST_NAME: Final = 100
RESOURCE: Final = "saved_search"
_LENGTH: Final = 8

log = structlog.get_logger()


class SavedSearches:
    """Keeps searches for people and watches them."""

    def __init__(self, database: Database, clock: Clock, zone: ZoneInfo, searcher: Searcher) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone
        self._searcher = searcher

    def save(self, principal: Principal, name: str, query: Query, *, is_notified: bool) -> SavedSearch:
        """Keep a search under a name that the person has not used yet.

        What it finds now is known from the start. Raises InvalidInput, SavedSearchNameTaken,
        TooManySavedSearches, SearchTooWide when ``is_notified``, and KindUnknown.
        """
        name = _checked(name)
        known = self._known_now(principal, query) if is_notified else None
        now = self._clock.now()
        with self._database.write() as session:
            held = select(func.count()).select_from(SavedSearch)
            if (session.scalar(held.where(SavedSearch.person_id == principal.person_id)) or 0) >= MOST:
                raise TooManySavedSearches(limit=MOST)
            _require_free(session, principal, name)
            row = SavedSearch(
                person_id=principal.person_id,
                name=name,
                query=to_json(query),
                is_notified=is_notified,
                known=known,
                created_at=now,
                looked_at=now,
                checked_at=None if known is None else now,
            )
            session.add(row)
            session.flush()
            payload = {"name": name, "query": row.query, "is_notified": is_notified}
            audit.record(session, now, principal.person_id, "search.saved", RESOURCE, row.id, payload)
        return row

    def change(
        self,
        principal: Principal,
        saved_id: UUID,
        *,
        name: str | None = None,
        is_notified: bool | None = None,
    ) -> SavedSearch:
        """Give it another name, or begin or end its notices. Raises NotFound, and as ``save``."""
        with self._database.read() as session:
            row = find(session, principal, saved_id)
        begins = is_notified is True and not row.is_notified
        known = self._known_now(principal, from_json(row.query)) if begins else None
        with self._database.write() as session:
            row = find(session, principal, saved_id)
            if name is not None and (checked := _checked(name)) != row.name:
                _require_free(session, principal, checked)
                row.name = checked
            if is_notified is not None:
                row.is_notified = is_notified
            if begins:
                row.known, row.new_count = known, 0
                row.checked_at = None if known is None else self._clock.now()
            if is_notified is False:
                row.known, row.new_count = None, 0
                notices.settle_all(session, self._clock.now(), RESOURCE, row.id)
        return row

    def delete(self, principal: Principal, saved_id: UUID) -> None:
        """Forget it, with its notices. Raises NotFound."""
        with self._database.write() as session:
            row, now = find(session, principal, saved_id), self._clock.now()
            notices.settle_all(session, now, RESOURCE, row.id)
            session.delete(row)
            payload = {"name": row.name}
            audit.record(session, now, principal.person_id, "search.forgotten", RESOURCE, saved_id, payload)

    def look(self, principal: Principal, saved_id: UUID) -> Query:
        """The person looks at what it finds: nothing is new any more. Raises NotFound, StoredQueryUnknown."""
        with self._database.write() as session:
            row = find(session, principal, saved_id)
            query = from_json(row.query)
            now = self._clock.now()
            row.looked_at, row.new_count = now, 0
            notices.see_all_of(session, now, principal, RESOURCE, row.id)
        return query

    # watching

    def ask_for_checks(self) -> int:
        """Have every watched search looked after in the background. Returns how many there are."""
        now = self._clock.now()
        with self._database.write() as session:
            ids = session.scalars(select(SavedSearch.id).where(SavedSearch.is_notified)).all()
            for saved_id in ids:
                outbox.enqueue(
                    session, "search.watch", {"id": str(saved_id)}, now, key=f"search.watch:{saved_id}"
                )
        return len(ids)

    def check(self, saved_id: UUID) -> int:
        """Look for what a search finds anew, with what its person may see now. Returns how much that is.

        Nothing is concluded while the index is not complete. Raises SearchUnavailable.
        """
        with self._database.read() as session:
            row = session.get(SavedSearch, saved_id)
            if row is None or not row.is_notified:
                return 0
            try:
                principal = load_principal(session, row.person_id, self._clock.now(), self._zone)
                query = from_json(row.query)
            except NotFound:  # the person has left
                return 0
            except StoredQueryUnknown:
                log.warning("saved_search_unknown", saved_search=str(saved_id))
                return 0
        if not self._searcher.is_complete():
            return 0
        keys = self._keys(principal, query)
        if not self._searcher.is_complete():
            return 0
        with self._database.write() as session:
            return self._conclude(session, row, keys)

    def _conclude(self, session: Session, seen: SavedSearch, keys: Sequence[Key]) -> int:
        """Write down what is known now and tell of what is new, unless the row changed meanwhile."""
        now = self._clock.now()
        is_wide = len(keys) > WATCHED
        known = _packed(keys)
        fresh = set() if seen.known is None else _unpacked(known) - _unpacked(seen.known)
        values = {"is_notified": False, "known": None} if is_wide else {"known": known}
        same = (
            SavedSearch.checked_at.is_(None)
            if seen.checked_at is None
            else SavedSearch.checked_at == seen.checked_at
        )
        changed = session.execute(
            update(SavedSearch)
            .where(SavedSearch.id == seen.id, SavedSearch.is_notified, same)
            .values(
                checked_at=now, new_count=SavedSearch.new_count + (0 if is_wide else len(fresh)), **values
            )
        )
        if not changed.rowcount:  # type: ignore[attr-defined]
            return 0
        if is_wide:
            self._tell(session, seen, "saved-search-wide", limit=str(WATCHED))
            return 0
        if fresh:
            self._tell(session, seen, "saved-search-hits")
        return len(fresh)

    def _tell(self, session: Session, row: SavedSearch, code: str, **context: str) -> None:
        now = self._clock.now()
        notices.tell(session, now, [row.person_id], code, RESOURCE, row.id, {"name": row.name, **context})

    def _known_now(self, principal: Principal, query: Query) -> bytes | None:
        """What it finds now; None while that cannot be said, then the first check says it."""
        try:
            keys = self._keys(principal, query) if self._searcher.is_complete() else None
        except SearchUnavailable:
            return None
        if keys is not None and len(keys) > WATCHED:
            raise SearchTooWide(field="is_notified", limit=WATCHED)
        return None if keys is None else _packed(keys)

    def _keys(self, principal: Principal, query: Query) -> list[Key]:
        found = self._searcher.keys(principal, replace(query, order="newest"))
        return list(islice(found, WATCHED + 1))


def saved_searches(session: Session, principal: Principal) -> Sequence[SavedSearch]:
    """The person's own, by name."""
    own = select(SavedSearch).where(SavedSearch.person_id == principal.person_id)
    return session.scalars(own.order_by(SavedSearch.name)).all()


def find(session: Session, principal: Principal, saved_id: UUID) -> SavedSearch:
    """One of the person's own. Raises NotFound, also for somebody else's."""
    row = session.get(SavedSearch, saved_id)
    if row is None or row.person_id != principal.person_id:
        raise NotFound(what="saved_search")
    return row


def find_named(session: Session, principal: Principal, name: str) -> SavedSearch:
    """One of the person's own by its name. Raises NotFound."""
    own = select(SavedSearch).where(
        SavedSearch.person_id == principal.person_id, SavedSearch.name == " ".join(name.split())
    )
    row = session.scalar(own)
    if row is None:
        raise NotFound(what=name)
    return row


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidInput(field="name", reason=f"1–{LONGEST_NAME}")
    return name


def _require_free(session: Session, principal: Principal, name: str) -> None:
    taken = select(SavedSearch.id).where(
        SavedSearch.person_id == principal.person_id, SavedSearch.name == name
    )
    if session.scalar(taken) is not None:
        raise SavedSearchNameTaken(field="name", name=name)


def _packed(keys: Iterable[Key]) -> bytes:
    short = {hashlib.blake2b(f"{key.kind}:{key.id}".encode(), digest_size=_LENGTH).digest() for key in keys}
    return b"".join(sorted(short))


def _unpacked(known: bytes) -> set[bytes]:
    return {known[at : at + _LENGTH] for at in range(0, len(known), _LENGTH)}
