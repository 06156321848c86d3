"""The embedded index: Tantivy in a folder."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import tantivy

from core.ids import new_id
from search.errors import IndexBusy, IndexUnavailable
from search.index import Answer, Found, Part, Query, Record
from search.query import Phrase, Wanted
from search.tokens import fold, tokens

FORMAT: Final = "1"
"""Version of what is stored. Another one found in the folder means that the index is made anew."""
MOST_STORED: Final = 60_000
"""Characters of text kept with a record for excerpts; all of it is searched."""
MOST_RESULTS: Final = 10_000
_HEAP: Final = 30_000_000
_BREAK: Final = "\x1f"
"""A token that no query has, between stretches of text, so that no phrase runs across them."""
_MUST, _SHOULD, _NOT = tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot


class TantivyIndex:
    """One folder, one writing process (the first to write), any number of readers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema = _schema()
        self._guard = threading.Lock()
        self._writer: Any = None
        self._index, self._is_fresh = self._open()

    @property
    def is_fresh(self) -> bool:
        return self._is_fresh

    def _open(self) -> tuple[Any, bool]:
        """Open the folder; what cannot be read, or is of another format, is put aside and made anew."""
        mark = self._folder / "format"
        if mark.exists() and mark.read_text() == FORMAT:
            try:
                index = tantivy.Index(self._schema, path=str(self._folder / "index"), reuse=True)
                index.searcher()
                return index, False
            except (ValueError, OSError):
                self._put_aside()
        elif self._folder.exists() and any(self._folder.iterdir()):
            self._put_aside()
        (self._folder / "index").mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(self._schema, path=str(self._folder / "index"), reuse=True)
        mark.write_text(FORMAT)
        return index, True

    def _put_aside(self) -> None:
        """An index can always be made anew from the database; the damaged one is of no use."""
        aside = self._folder.with_name(f"{self._folder.name}.damaged-{new_id()}")
        self._folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)

    def put(self, records: Sequence[tuple[Record, Iterable[str]]]) -> None:
        with self._guard:
            writer = self._writing()
            for record, access in records:
                writer.delete_documents("key", _key(record.kind, record.id))
                writer.add_document(_document(record, access))
            self._commit(writer)

    def remove(self, keys: Sequence[tuple[str, UUID]]) -> None:
        with self._guard:
            writer = self._writing()
            for kind, record_id in keys:
                writer.delete_documents("key", _key(kind, record_id))
            self._commit(writer)

    def clear(self) -> None:
        with self._guard:
            writer = self._writing()
            writer.delete_all_documents()
            self._commit(writer)

    def _writing(self) -> Any:
        if self._writer is None:
            try:
                self._writer = self._index.writer(heap_size=_HEAP, num_threads=1)
            except ValueError as error:
                raise IndexBusy() from error
        return self._writer

    def _commit(self, writer: Any) -> None:
        try:
            writer.commit()
        except (ValueError, OSError) as error:  # the writer is unusable after a failure
            self._writer = None
            raise IndexUnavailable(reason=str(error)[:160]) from error
        self._index.reload()

    def search(self, query: Query, wanted: Wanted, terms: Sequence[str] | None) -> Answer:
        try:
            self._index.reload()
            searcher = self._index.searcher()
            asked = self._asked(query, wanted, terms)
            order = {} if wanted.phrases else {"order_by_field": "when"}
            limit = min(query.limit, MOST_RESULTS)
            result = searcher.search(asked, limit, count=True, offset=query.offset, **order)
            found = tuple(_found(searcher.doc(address)) for _score, address in result.hits)
            facets = _facets(searcher.aggregate(asked, _AGGREGATIONS))
        except (ValueError, OSError) as error:
            raise IndexUnavailable(reason=str(error)[:160]) from error
        return Answer(int(result.count or 0), found, facets)

    def _asked(self, query: Query, wanted: Wanted, terms: Sequence[str] | None) -> Any:
        clauses: list[tuple[Any, Any]] = [(_MUST, self._word(phrase)) for phrase in wanted.phrases]
        clauses += [(_NOT, self._phrase("text", phrase)) for phrase in wanted.without]
        for field, value in (
            ("kind", query.kind),
            ("state", query.state),
            ("seal", query.seal),
            ("department", query.department),
            ("person", query.person),
        ):
            if value is not None:
                clauses.append(self._filter(tantivy.Query.term_query(self._schema, field, str(value))))
        if query.since is not None or query.until is not None:
            lower = int(query.since.timestamp()) if query.since else -(2**62)
            upper = int(query.until.timestamp()) if query.until else 2**62
            clauses.append(
                self._filter(
                    tantivy.Query.range_query(
                        self._schema, "when", tantivy.FieldType.Integer, lower, upper, include_upper=False
                    )
                )
            )
        if terms is not None:
            clauses.append(self._filter(tantivy.Query.term_set_query(self._schema, "access", list(terms))))
        if not any(occurrence == _MUST for occurrence, _clause in clauses):
            clauses.append((_MUST, tantivy.Query.all_query()))
        return tantivy.Query.boolean_query(clauses)

    def _filter(self, clause: Any) -> tuple[Any, Any]:
        """A condition that does not weigh."""
        return _MUST, tantivy.Query.const_score_query(clause, 0.0)

    def _word(self, phrase: Phrase) -> Any:
        """A word in the text; found in the title or as a number it weighs more."""
        return tantivy.Query.boolean_query(
            [
                (_MUST, self._phrase("text", phrase)),
                (_SHOULD, tantivy.Query.boost_query(self._phrase("title", phrase), 4.0)),
                (_SHOULD, tantivy.Query.boost_query(self._phrase("number", phrase), 12.0)),
            ]
        )

    def _phrase(self, field: str, phrase: Phrase) -> Any:
        words: list[str | tuple[int, str]] = [*phrase.tokens]
        last = phrase.tokens[-1]
        if phrase.last_is_prefix:
            pattern = re.escape(last) + ".*"
            if len(words) == 1:
                return tantivy.Query.regex_query(self._schema, field, pattern)
            words = [re.escape(word) for word in phrase.tokens[:-1]]
            return tantivy.Query.regex_phrase_query(self._schema, field, [*words, pattern])
        if len(words) == 1:
            return tantivy.Query.term_query(self._schema, field, last)
        return tantivy.Query.phrase_query(self._schema, field, words)

    def close(self) -> None:
        with self._guard:
            self._writer = None
            self._index = None


_AGGREGATIONS: Final = {
    "kind": {"terms": {"field": "kind", "size": 20}},
    "state": {"terms": {"field": "state", "size": 20}},
}


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    for name in ("text", "title", "number"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in ("kind", "state"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in ("seal", "department", "person", "access"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("when", indexed=True, fast=True)
    builder.add_bytes_field("stored", stored=True)
    return builder.build()


def _document(record: Record, access: Iterable[str]) -> Any:
    document = tantivy.Document()
    document.add_text("key", _key(record.kind, record.id))
    document.add_text("kind", record.kind)
    document.add_text("title", _tokenised([record.title]))
    numbers = [record.number, *record.other_numbers]
    document.add_text("number", _tokenised(numbers))
    everything = [record.title, *numbers, *(part.text for part in record.parts)]
    document.add_text("text", _tokenised(everything))
    if record.state is not None:
        document.add_text("state", record.state)
    if record.seal is not None:
        document.add_text("seal", str(record.seal))
    if record.department is not None:
        document.add_text("department", str(record.department))
    for person in record.people:
        document.add_text("person", str(person))
    for term in access:
        document.add_text("access", term)
    document.add_integer("when", int(record.when.timestamp()))
    return _with_stored(document, record)


def _with_stored(document: Any, record: Record) -> Any:
    left, parts = MOST_STORED, []
    for part in record.parts:
        if left <= 0:
            break
        parts.append([part.text[:left], part.page])
        left -= len(part.text)
    stored = {
        "kind": record.kind,
        "id": str(record.id),
        "title": record.title,
        "parts": parts,
        "number": record.number,
        "state": record.state,
        "when": record.when.isoformat(),
    }
    document.add_bytes("stored", json.dumps(stored, ensure_ascii=False).encode())
    return document


def _tokenised(texts: Iterable[str]) -> str:
    return f" {_BREAK} ".join(" ".join(token.text for token in tokens(fold(text).text)) for text in texts)


def _key(kind: str, record_id: UUID) -> str:
    return f"{kind}:{record_id}"


def _found(document: Any) -> Found:
    stored = json.loads(document.get_first("stored"))
    return Found(
        kind=stored["kind"],
        id=UUID(stored["id"]),
        title=stored["title"],
        parts=tuple(Part(text, page) for text, page in stored["parts"]),
        number=stored["number"],
        state=stored["state"],
        when=datetime.fromisoformat(stored["when"]).astimezone(UTC),
    )


def _facets(answer: Any) -> dict[str, dict[str, int]]:
    return {
        name: {str(bucket["key"]): int(bucket["doc_count"]) for bucket in found["buckets"]}
        for name, found in answer.items()
    }
