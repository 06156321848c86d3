"""The embedded engine. Nothing outside this module and ``tantivy_folder`` knows of tantivy."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import tantivy
from tantivy import Occur, Query

from search import tokens
from search.errors import IndexBusy, SearchUnavailable
from search.index import FACETS, FacetCount, Found, Key, Lookup, Record, Tag
from search.query import Word
from search.tantivy_folder import IndexFolder, State, advanced, completed, find_damage

_HEAP: Final = 48 * 1024 * 1024
_MOST_EXPANSIONS: Final = 12_000  # the engine refuses a phrase whose last token stands for more than 16,384
_MOST_VALUES: Final = 1_000
_SHOWN_VALUES: Final = 50
_TIE_BITS: Final = 14


class TantivyIndex:
    """An index in a folder: one writer at a time among all processes, any number of readers.

    The writer is opened for each ``apply`` (a third of a millisecond), so that processes take turns and
    an idle one holds neither memory nor lock.
    """

    def __init__(self, folder: Path, *, patience: float = 15.0) -> None:
        """``patience``: seconds to wait for another process that writes. Raises SettingUnusable."""
        self._folder = IndexFolder(folder, patience)
        self._schema = _schema()
        self._writing_lock = threading.Lock()
        self._reading_lock = threading.Lock()
        self._index: Any = None
        self._open_name = ""
        self._whole_name = ""
        self._seen: tuple[int, ...] = ()

    # writing

    def apply(self, records: Sequence[Record], gone: Sequence[Key] = ()) -> None:
        """See ``search.index.Index``."""
        newest = {record.key: record for record in records}
        documents = [_document(record) for record in newest.values()]
        with self._writing() as (writer, state):
            for key in {*newest, *gone}:
                writer.delete_documents_by_term("key", _key_text(key))
            for document in documents:
                document.add_unsigned("generation", state.generation)
                writer.add_document(document)

    def begin_rebuild(self) -> int:
        """See ``search.index.Index``."""
        with self._locked():
            state = advanced(self._usable_state())
            self._folder.save(state)
            return state.generation

    def finish_rebuild(self, mark: int) -> None:
        """See ``search.index.Index``."""
        with self._writing() as (writer, _):
            writer.delete_documents_by_query(
                Query.range_query(
                    self._schema,
                    "generation",
                    tantivy.FieldType.Unsigned,
                    upper_bound=mark,
                    include_upper=False,
                )
            )
        with self._locked():
            self._folder.save(completed(self._usable_state()))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._writing_lock.acquire(timeout=self._folder.patience):
            raise IndexBusy(folder=str(self._folder.path), seconds=round(self._folder.patience))
        try:
            with self._folder.lock():
                yield
        finally:
            self._writing_lock.release()

    @contextmanager
    def _writing(self) -> Iterator[tuple[Any, State]]:
        """A writer whose work is committed at the end, or undone when the block raises."""
        with self._locked():
            state = self._usable_state()
            with self._guarded("write"):
                index = self._open(state)
                try:
                    writer = index.writer(_HEAP, 1)
                except ValueError as error:
                    if "LockBusy" in str(error):
                        raise IndexBusy(folder=str(self._folder.path), seconds=0) from error
                    raise
                yield writer, state
                writer.commit()
                writer.wait_merging_threads()
                index.reload()

    def _usable_state(self) -> State:
        """The state of whole files; of new ones when there are none. The caller holds the lock."""
        state = self._folder.state()
        if state is not None and (state.folder != self._whole_name or self._folder.is_suspect()):
            if find_damage(self._folder.path / state.folder) is not None:
                state = None
            else:
                self._folder.clear_suspicion()
        if state is None:
            state = self._folder.start_anew()
            tantivy.Index(self._schema, path=str(self._folder.path / state.folder))
            self._folder.adopt(state)
        self._whole_name = state.folder
        return state

    # reading

    def search(self, lookup: Lookup) -> Found:
        """See ``search.index.Index``."""
        searcher = self._searcher()
        if searcher is None or _sees_nothing(lookup):
            return Found((), 0, {})
        with self._guarded("read"):
            asking = _Asking(self._schema, searcher)
            keys: list[Key] = []
            total = 0
            for tier in asking.tiers(lookup):
                skip = max(0, lookup.offset - total)
                wanted = lookup.limit - len(keys)
                found = searcher.search(tier, max(wanted, 1), offset=skip, order_by_field="order")
                keys.extend(_stored_key(searcher, address) for _, address in found.hits[:wanted])
                total += found.count
            facets = asking.facets(lookup) if lookup.facets else {}
        return Found(tuple(keys), total, facets)

    def keys(self, lookup: Lookup) -> Iterator[Key]:
        """See ``search.index.Index``."""
        searcher = self._searcher()
        if searcher is None or _sees_nothing(lookup) or searcher.num_docs == 0:
            return
        with self._guarded("read"):
            query = _Asking(self._schema, searcher).matching(lookup)
            found = searcher.search(query, searcher.num_docs, order_by_field="order")
            for _, address in found.hits:
                yield _stored_key(searcher, address)

    def count(self) -> int:
        """See ``search.index.Index``."""
        searcher = self._searcher()
        return 0 if searcher is None else int(searcher.num_docs)

    def is_complete(self) -> bool:
        """See ``search.index.Index``."""
        state = self._folder.state()
        return state is not None and state.is_complete

    def check(self) -> None:
        """See ``search.index.Index``."""
        with self._locked():
            self._usable_state()

    def close(self) -> None:
        """See ``search.index.Index``."""
        with self._reading_lock:
            self._index, self._open_name, self._seen = None, "", ()

    def _searcher(self) -> Any:
        """A searcher over what is committed now, by any process. None when there is no index yet."""
        for attempt in (1, 2):
            state = self._folder.state()
            if state is None:
                return None
            try:
                with self._guarded("read"):
                    index = self._open(state)
                    self._reload_when_changed(index, self._folder.path / state.folder)
                    return index.searcher()
            except SearchUnavailable:
                # Another process may just have replaced the files that this one was about to open.
                if attempt == 2 or self._folder.state() == state:
                    raise
        return None

    def _open(self, state: State) -> Any:
        with self._reading_lock:
            if self._open_name != state.folder or self._index is None:
                index = tantivy.Index.open(str(self._folder.path / state.folder))
                index.config_reader("manual", 0)
                self._index, self._open_name, self._seen = index, state.folder, ()
            return self._index

    def _reload_when_changed(self, index: Any, folder: Path) -> None:
        status = (folder / "meta.json").stat()
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            index.reload()
            self._seen = seen

    @contextmanager
    def _guarded(self, doing: str) -> Iterator[None]:
        """Turn what the engine raises into SearchUnavailable, and have the files looked at."""
        try:
            yield
        except (ValueError, OSError, RuntimeError) as error:
            self._distrust()
            raise SearchUnavailable(reason=f"{doing}: {error}") from error
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # how a panic of the engine arrives in Python
                raise
            self._distrust()
            raise SearchUnavailable(reason=f"{doing}: {error}") from error

    def _distrust(self) -> None:
        self._folder.suspect()
        self._whole_name = ""
        with suppress(Exception):
            self.close()


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("title", "text"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in ("number", "number_end", "access"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in FACETS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_integer_field("order", indexed=True, fast=True)
    builder.add_unsigned_field("generation", indexed=True, fast=True)
    return builder.build()


def _document(record: Record) -> Any:
    document = tantivy.Document()
    document.add_text("key", _key_text(record.key))
    for field, passages in (
        ("title", (record.title, *record.numbers)),
        ("text", (record.title, *record.numbers, *record.texts, *record.pages)),
    ):
        for passage in passages:
            found = tokens.tokens(passage)
            if found:  # each value of a field keeps its distance from the next
                document.add_text(field, " ".join(found))
    for number in {tokens.compact(number) for number in record.numbers} - {""}:
        document.add_text("number", number)
        document.add_text("number_end", number[::-1])
    for term in sorted(set(record.access)):
        document.add_text("access", term)
    document.add_text("kind", record.kind)
    if record.state is not None:
        document.add_text("state", record.state)
    for name, tags in (
        ("seal", [record.seal] if record.seal else []),
        ("department", [record.department] if record.department else []),
        ("person", list(dict.fromkeys(record.people))),
    ):
        for tag in tags:
            document.add_text(name, _tag_text(tag))
    tie = int.from_bytes(hashlib.sha256(record.id.bytes).digest()[:4]) >> (32 - _TIE_BITS)
    document.add_integer("order", _order(record.date) | tie)
    return document


def _order(instant: datetime) -> int:
    """Milliseconds, with room below for what tells records of the same moment apart."""
    return int(instant.timestamp() * 1000) << _TIE_BITS


def _key_text(key: Key) -> str:
    return f"{key.kind}:{key.id.hex}"


def _stored_key(searcher: Any, address: Any) -> Key:
    kind, _, hexadecimal = str(searcher.doc(address).get_first("key")).partition(":")
    return Key(kind, UUID(hex=hexadecimal))


def _tag_text(tag: Tag) -> str:
    return f"{tag.id.hex} {tag.name}"


def _sees_nothing(lookup: Lookup) -> bool:
    return lookup.access is not None and not lookup.access


class _Asking:
    """Queries in the engine's terms. Nothing is scored: the order is the tier, then the date."""

    def __init__(self, schema: Any, searcher: Any) -> None:
        self._schema = schema
        self._searcher = searcher

    def matching(self, lookup: Lookup, leave_out: str | None = None) -> Any:
        """All that matches, whatever the tier; ``leave_out`` names a filter to pass over."""
        clauses = [(Occur.Must, query) for query in self._filters(lookup, leave_out)]
        for word in lookup.words:
            clauses.append((Occur.MustNot if word.is_excluded else Occur.Must, self._word("text", word)))
        if not any(occur is not Occur.MustNot for occur, _ in clauses):
            clauses.append((Occur.Must, Query.all_query()))
        return Query.boolean_query(clauses)

    def tiers(self, lookup: Lookup) -> list[Any]:
        """Queries that share nothing and together are all that matches, the best first."""
        matching = self.matching(lookup)
        wanted = [word for word in lookup.words if not word.is_excluded]
        if not wanted:
            return [matching]
        better = [Query.boolean_query([(Occur.Must, self._word("title", word)) for word in wanted])]
        numbers = sorted({word.number for word in wanted if word.number is not None})
        if numbers:
            better.insert(0, Query.term_set_query(self._schema, "number", numbers))
        found: list[Any] = []
        above: list[tuple[Any, Any]] = []
        for tier in better:
            found.append(Query.boolean_query([(Occur.Must, matching), (Occur.Must, tier), *above]))
            above.append((Occur.MustNot, tier))
        return [*found, Query.boolean_query([(Occur.Must, matching), *above])]

    def facets(self, lookup: Lookup) -> Mapping[str, tuple[FacetCount, ...]]:
        """Values and counts of each facet, under all filters but its own."""
        narrowed = {name for name in FACETS if getattr(lookup, name) is not None}
        found = self._count(self.matching(lookup), [name for name in FACETS if name not in narrowed])
        for name in narrowed:
            found |= self._count(self.matching(lookup, leave_out=name), [name])
        return {name: found[name] for name in FACETS}

    def _count(self, query: Any, names: list[str]) -> dict[str, tuple[FacetCount, ...]]:
        if not names:
            return {}
        wanted = {
            name: {"terms": {"field": name, "size": _MOST_VALUES, "segment_size": 10 * _MOST_VALUES}}
            for name in names
        }
        answer = self._searcher.aggregate(query, wanted)
        return {name: _facet_counts(name, answer[name]["buckets"]) for name in names}

    def _filters(self, lookup: Lookup, leave_out: str | None) -> list[Any]:
        schema, queries = self._schema, []
        if lookup.access is not None:
            queries.append(Query.term_set_query(schema, "access", sorted(lookup.access)))
        for name in ("kind", "state"):
            value = getattr(lookup, name)
            if value is not None and name != leave_out:
                queries.append(Query.term_query(schema, name, value))
        for name in ("seal", "department", "person"):
            wanted: UUID | None = getattr(lookup, name)
            if wanted is not None and name != leave_out:
                queries.append(Query.regex_query(schema, name, f"{wanted.hex} .*"))
        if lookup.since is not None or lookup.until is not None:
            queries.append(
                Query.range_query(
                    schema,
                    "order",
                    tantivy.FieldType.Integer,
                    lower_bound=None if lookup.since is None else _order(lookup.since),
                    upper_bound=None if lookup.until is None else _order(lookup.until) - 1,
                )
            )
        return [Query.const_score_query(query, 0.0) for query in queries]

    def _word(self, field: str, word: Word) -> Any:
        """Where a word matches: in the field, or by the beginning or end of a number."""
        ways = [self._text(field, word)]
        if word.number is not None:
            ways.append(Query.regex_query(self._schema, "number", f"{word.number}.*"))
        if word.number_end is not None:
            ways.append(Query.regex_query(self._schema, "number_end", f"{word.number_end[::-1]}.*"))
        if len(ways) == 1:
            return ways[0]
        return Query.boolean_query([(Occur.Should, way) for way in ways])

    def _text(self, field: str, word: Word) -> Any:
        *first, last = word.phrase
        if not word.is_prefix:
            if not first:
                return Query.term_query(self._schema, field, last)
            return Query.phrase_query(self._schema, field, [*first, last])
        if not first:
            return Query.regex_query(self._schema, field, f"{last}.*")
        ways = [
            Query.regex_phrase_query(self._schema, field, [*first, pattern])
            for pattern in self._endings(field, last)
        ]
        return ways[0] if len(ways) == 1 else Query.boolean_query([(Occur.Should, way) for way in ways])

    def _endings(self, field: str, prefix: str) -> list[str]:
        """Patterns for all tokens with this prefix, none of which stands for too many of them."""
        known = self._searcher.terms_with_prefix(field, prefix, limit=_MOST_EXPANSIONS + 1)
        if len(known) <= _MOST_EXPANSIONS:
            return [f"{prefix}.*"]
        following = "0123456789" if prefix[-1].isdecimal() else "abcdefghijklmnopqrstuvwxyz"
        patterns = [prefix] if prefix[-1].isdecimal() else [prefix, f"{prefix}[^a-z].*"]
        for letter in following:
            patterns.extend(self._endings(field, prefix + letter))
        return patterns


def _facet_counts(name: str, buckets: Sequence[Mapping[str, Any]]) -> tuple[FacetCount, ...]:
    """Counts by value; one value may stand under several names after a renaming: the commonest wins."""
    split: Callable[[str], tuple[str, str]] = _labelled if name not in ("kind", "state") else _plain
    counts: dict[str, int] = {}
    labels: dict[str, str] = {}
    for bucket in buckets:
        value, label = split(str(bucket["key"]))
        counts[value] = counts.get(value, 0) + int(bucket["doc_count"])
        labels.setdefault(value, label)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], labels[pair[0]]))
    return tuple(FacetCount(value, labels[value], count) for value, count in ranked[:_SHOWN_VALUES])


def _labelled(text: str) -> tuple[str, str]:
    hexadecimal, _, label = text.partition(" ")
    return str(UUID(hex=hexadecimal)), label


def _plain(text: str) -> tuple[str, str]:
    return text, text
