"""Finding: what a person asks, answered by the index and checked against the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from core.batches import batches
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput
from core.models import AccessRow
from core.permissions import Principal, ResourceType, readable
from search import highlight, tokens
from search.correcting import correct
from search.errors import KindUnknown, PageTooDeep, SearchUnavailable
from search.hearing import heard
from search.index import DEEPEST, Found, Hit, Index, Key, Lookup, Query, Record, Results, Suggestion
from search.keeping import CHECKED_AT_ONCE, IndexKeeper
from search.language import Asked, Vocabulary, parse
from search.query import Between, Clause, Days, InField, Term, Word
from search.sounds import sounds
from search.synonyms import Synonyms

_SUGGESTED_FROM: Final = 12
_SUGGESTED_OF_EACH: Final = 4
_LONGEST_SUGGESTION: Final = 60
_SUGGESTED_FIELDS: Final = ("seal", "counterparty", "person", "department")
_SHOWN_AT_ONCE: Final = 8  # whole texts are in memory meanwhile


class Searcher(IndexKeeper):
    """Searches for people, and keeps the index like the database."""

    def __init__(
        self,
        database: Database,
        index: Index,
        clock: Clock,
        zone: ZoneInfo,
        synonyms: Synonyms | None = None,
    ) -> None:
        """``zone`` is the one in which a day of a query begins and ends."""
        super().__init__(database, index, clock, zone)
        self._synonyms = synonyms or Synonyms()

    def search(self, principal: Principal, query: Query) -> Results:
        """One page of what the principal may see, as the database has it now.

        The index is asked with the principal's terms, and every hit is read and checked again in the
        database: what the index still has of a thing that was changed, closed or deleted is not shown.
        A query that finds nothing because of a slip is answered as it was meant (``Results.corrected``).
        Raises PageTooDeep, KindUnknown, InvalidInput, SearchUnavailable.
        """
        asked = self.understand(query.text)
        lookup = self._lookup(principal, query, asked)
        if _asks_nothing(query, asked):
            return Results((), 0, {}, (), None, (), None, self._index.is_complete())
        found, corrected = self._find(lookup), None
        if found.total == 0 and asked.clauses:
            put_right = correct(
                query.text, asked, lookup, self._index, lambda keys: self._readable(principal, keys)
            )
            if put_right is not None:
                better = replace(lookup, clauses=self._resolved(put_right.clauses))
                again = self._find(better)
                if again.total:
                    found, lookup, corrected = again, better, put_right.text
        hits = tuple(_hit(record, lookup) for record in self.records_of(principal, found.keys))
        is_complete = self.require_complete()
        reached = query.offset + len(found.keys)
        return Results(
            hits=hits,
            total=found.total - (len(found.keys) - len(hits)),
            facets=found.facets,
            months=found.months,
            next_offset=reached if reached < min(found.total, DEEPEST) else None,
            mistakes=asked.mistakes,
            corrected=corrected,
            is_complete=is_complete,
        )

    def keys(self, principal: Principal, query: Query) -> Iterator[Key]:
        """All that the query finds and the principal may see, in its order, without end of pages.

        Nothing is put right here. Raises like ``search``.
        """
        asked = self.understand(query.text)
        lookup = self._lookup(principal, query, asked)
        if _asks_nothing(query, asked):
            return
        for some in batches(self._index.keys(lookup), CHECKED_AT_ONCE):
            with self._database.read() as session:
                allowed = allowed_keys(session, principal, some)
            yield from (key for key in some if key in allowed)

    def records_of(self, principal: Principal, keys: Iterable[Key]) -> Iterator[Record]:
        """Records as the database has them now, in the order of the keys, of those the principal may see."""
        for some in batches(keys, _SHOWN_AT_ONCE):
            found = {record.key: record for record in self._readable(principal, some)}
            yield from (found[key] for key in some if key in found)

    def suggest(self, principal: Principal, text: str, limit: int = 8) -> tuple[Suggestion, ...]:
        """How the last word of a query may go on: names, titles and numbers that the principal may see.

        Names first (seals, counterparties, people, departments), the most frequent of each first.
        Raises SearchUnavailable.
        """
        asked = self.understand(text)
        last = max(asked.places, key=lambda term: asked.places[term][1], default=None)
        if last is None or last.is_excluded or asked.places[last][1] < len(text):
            return ()
        word = last.condition.word if isinstance(last.condition, InField) else last.condition
        if not isinstance(word, Word):
            return ()
        lookup = self._lookup(principal, Query(text, limit=_SUGGESTED_FROM), asked)
        found = self._find(lookup)
        start, end = asked.places[last]
        suggested: dict[str, Suggestion] = {}
        wanted = [last.condition.field] if isinstance(last.condition, InField) else _SUGGESTED_FIELDS
        for field in wanted:
            facet = "person" if field == "applicant" else field
            fitting = [count.label for count in found.facets.get(facet, ()) if _fits(word, count.label)]
            for label in fitting[:_SUGGESTED_OF_EACH]:
                typed = f'"{label}"' if " " in label else label
                suggested.setdefault(label, Suggestion(field, label, text[:start] + typed + text[end:]))
        for record in self._readable(principal, found.keys):
            for field, label in (("title", record.title), *(("number", one) for one in record.numbers)):
                if len(label) <= _LONGEST_SUGGESTION and _fits(word, label, is_number=field == "number"):
                    suggested.setdefault(
                        label, Suggestion(field, label, f'{text[:start]}"{label}"{text[end:]}')
                    )
        return tuple(suggested.values())[:limit]

    def understand(self, text: str) -> Asked:
        """What a query asks for, and what of it makes no sense. Raises nothing."""
        vocabulary = Vocabulary()
        if ":" in text or "：" in text:
            with self._database.read() as session:
                for source in self._sources.values():
                    known = source.vocabulary(session)
                    vocabulary = Vocabulary(
                        {**vocabulary.kinds, **known.kinds}, {**vocabulary.states, **known.states}
                    )
        today = self._clock.now().astimezone(self._zone).date()
        return parse(text, today, vocabulary)

    def _resolved(self, clauses: Iterable[Clause]) -> tuple[Clause, ...]:
        """Clauses as an index takes them: with synonyms, and days as instants."""
        return tuple(
            tuple(self._resolved_term(term) for term in clause) for clause in self._synonyms.applied(clauses)
        )

    def _resolved_term(self, term: Term) -> Term:
        match term.condition:
            case Days(first, last):
                since, until = self._midnight(first), self._midnight(last, after=timedelta(days=1))
                return replace(term, condition=Between(since, until))
        return term

    def _find(self, lookup: Lookup) -> Found:
        try:
            return self._index.search(lookup)
        except SearchUnavailable as error:
            self.ask_for_check(error.code)
            raise

    def _lookup(self, principal: Principal, query: Query, asked: Asked) -> Lookup:
        if query.kind is not None and query.kind not in self._sources:
            raise KindUnknown(field="kind", kind=query.kind)
        if query.offset < 0:
            raise InvalidInput(field="offset", reason="< 0")
        if query.limit < 1:
            raise InvalidInput(field="limit", reason="< 1")
        if query.offset + query.limit > DEEPEST:
            raise PageTooDeep(field="offset", limit=DEEPEST)
        return Lookup(
            clauses=self._resolved(asked.clauses),
            kind=query.kind,
            seal=query.seal,
            department=query.department,
            person=query.person,
            counterparty=query.counterparty,
            state=query.state,
            year=query.year,
            since=self._midnight(query.date_from),
            until=self._midnight(query.date_to, after=timedelta(days=1)),
            access=None if principal.reads_all else principal.terms,
            order=query.order,
            offset=query.offset,
            limit=query.limit,
            facets=query.facets,
        )

    def _midnight(self, day: date | None, after: timedelta = timedelta(0)) -> datetime | None:
        """When a day begins; None for no day, and for one after the last that there is."""
        if day is None or day > date.max - after:
            return None
        return datetime.combine(day + after, time(0), self._zone)

    def _readable(self, principal: Principal, keys: Sequence[Key]) -> Iterator[Record]:
        """Records as they are now, of those the principal may see."""
        for some in batches(keys, _SHOWN_AT_ONCE):
            with self._database.read() as session:
                allowed = allowed_keys(session, principal, some)
                yield from self._records(session, [key for key in some if key in allowed]).values()


def _asks_nothing(query: Query, asked: Asked) -> bool:
    """Whether something was typed that holds nothing to search for."""
    return bool(query.text.strip()) and not asked.clauses and not asked.mistakes


def _hit(record: Record, lookup: Lookup) -> Hit:
    words, names = lookup.words, heard(record, lookup.clauses)
    return Hit(
        kind=record.kind,
        id=record.id,
        title=record.title,
        title_segments=highlight.segments(record.title, words, names),
        number=record.number,
        date=record.date,
        subkind=record.subkind,
        state=record.state,
        marks=record.marks,
        seal=record.seal,
        department=record.department,
        applicant=record.applicant,
        people=record.people,
        counterparty=record.counterparty,
        amount=record.amount,
        excerpt=highlight.excerpt(record, words, names),
        related=record.related,
        access=record.access,
        marked_names=highlight.marked_names(record, words, names),
    )


def _fits(word: Word, label: str, *, is_number: bool = False) -> bool:
    """Whether a name or number has the word, or sounds like it."""
    if word.matches(tokens.canonical(label)) or (is_number and word.matches_number(tokens.compact(label))):
        return True
    sound = word.sound
    return sound is not None and not is_number and any(each.startswith(sound) for each in sounds(label))


def allowed_keys(session: Session, principal: Principal, keys: Sequence[Key]) -> set[Key]:
    """Which of the things the principal may read, by the access rows as they are now."""
    if principal.reads_all:
        return set(keys)
    allowed: set[Key] = set()
    row = aliased(AccessRow)
    for kind in {key.kind for key in keys}:
        found = session.scalars(
            select(row.resource_id)
            .where(
                row.resource_type == kind,
                row.resource_id.in_([key.id for key in keys if key.kind == kind]),
                readable(principal, ResourceType(kind), row.resource_id),
            )
            .distinct()
        )
        allowed.update(Key(kind, each) for each in found)
    return allowed
