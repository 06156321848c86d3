"""The embedded engine. Nothing outside the modules ``tantivy_*`` knows of tantivy."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, Final

import tantivy

from core.batches import batches
from search.errors import IndexBusy, RebuildSuperseded, RecordRefused, SearchUnavailable
from search.fields import EXACT, IN_FOURS, TEXTS, Fields, fields_of, key_text
from search.index import FacetCount, Found, Key, Lookup, Record
from search.query import Word
from search.tantivy_counts import COUNTED, COUNTS, counted_text, number_of
from search.tantivy_folder import IndexFolder, State, clear_unfinished, find_damage
from search.tantivy_keys import KEY_NUMBERS, key_numbers
from search.tantivy_quarters import (
    ACCESS_IN_QUARTER,
    QUARTER,
    in_quarter,
    quarter_of_order,
    quarters_of,
)
from search.tantivy_query import NO_AMOUNT, Asking

_HEAP: Final = 48 * 1024 * 1024
_AT_ONCE: Final = 1_000  # keys that are read together


@dataclass(frozen=True)
class _View:
    """What was committed at one moment, and how many records of it are of each quarter."""

    searcher: Any
    quarters: Mapping[int, int]


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
        self._meta_file = folder / "meta.json"  # of the index that is open
        self._whole_name = ""
        self._seen: tuple[int, ...] = ()
        self._known: dict[int, tuple[str, str]] = {}
        self._view: _View | None = None

    # writing

    def apply(self, records: Sequence[Record], gone: Sequence[Key] = ()) -> None:
        """See ``search.index.Index``."""
        change = _Change(records, gone)
        with self._locked():
            state = self._usable_state()
            for name in state.written():
                self._write(name, change)
        change.require_taken()

    def begin_rebuild(self) -> str:
        """See ``search.index.Index``."""
        with self._locked():
            state = self._usable_state()
            if not state.is_complete and state.building is None and self._is_empty(state.folder):
                name = state.folder  # nothing to search meanwhile: it is filled where it lies
            else:
                name = self._new_index()
            self._folder.adopt(replace(state, building=name))
        return name

    def apply_rebuilt(self, name: str, records: Sequence[Record], gone: Sequence[Key] = ()) -> None:
        """See ``search.index.Index``."""
        change = _Change(records, gone)
        with self._locked():
            state = self._building(name)
            for each in (name,) if state.is_complete else state.written():
                self._write(each, change)
        change.require_taken()

    def finish_rebuild(self, name: str) -> None:
        """See ``search.index.Index``."""
        with self._locked():
            state = self._building(name)
            damage = find_damage(self._folder.path / name)
            if damage is not None:
                raise SearchUnavailable(reason=damage)
            self._folder.adopt(replace(state, folder=name, building=None, is_complete=True))
            self._whole_name = name

    def _building(self, name: str) -> State:
        state = self._usable_state()
        if state.building != name:
            raise RebuildSuperseded(name=name)
        return state

    def _write(self, name: str, change: _Change) -> None:
        """Commit a change to one of the subfolders, or nothing of it. The caller holds the lock."""
        with self._guarded("write"):
            path = self._folder.path / name
            index = open_folder(path)
            clear_unfinished(path)
            try:
                writer = index.writer(_HEAP, 1)
            except ValueError as error:
                if "LockBusy" in str(error):
                    raise IndexBusy(folder=str(self._folder.path), seconds=0) from error
                raise
            for key in change.keys:
                writer.delete_documents_by_term("key", key)
            for document in change.documents:
                writer.add_document(document)
            writer.commit()
            writer.wait_merging_threads()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._writing_lock.acquire(timeout=self._folder.patience):
            raise IndexBusy(folder=str(self._folder.path), seconds=round(self._folder.patience))
        try:
            with self._folder.lock():
                yield
        finally:
            self._writing_lock.release()

    def _usable_state(self) -> State:
        """The state of whole files; of new ones when there are none. The caller holds the lock."""
        state = self._folder.state()
        if state is not None and (state.folder != self._whole_name or self._folder.is_suspect()):
            if find_damage(self._folder.path / state.folder) is not None:
                state = None
            elif state.building is not None and find_damage(self._folder.path / state.building) is not None:
                state = replace(state, building=None)
                self._folder.adopt(state)
            if state is not None:
                self._folder.tidy(state)
            self._folder.clear_suspicion()
        if state is None:
            state = self._folder.start_anew(self._new_index())
        self._whole_name = state.folder
        return state

    def _new_index(self) -> str:
        """The name of a new, empty index that nothing uses yet. The caller holds the lock."""
        name = self._folder.new_subfolder()
        tantivy.Index(self._schema, path=str(self._folder.path / name))
        return name

    def _is_empty(self, name: str) -> bool:
        with self._guarded("read"):
            return int(open_folder(self._folder.path / name).searcher().num_docs) == 0

    # reading

    def search(self, lookup: Lookup) -> Found:
        """See ``search.index.Index``."""
        view = self._current()
        if view is None or lookup.sees_nothing:
            return Found((), 0, {})
        searcher = view.searcher
        with self._guarded("read"):
            asking = self._asking(view)
            facets, months = asking.facets(lookup) if lookup.facets else ({}, ())
            page = self._newest(searcher, asking, lookup, months)
            if page is not None:  # each hit has one month
                return Found(page, sum(month.count for month in months), facets, months)
            hits: list[Any] = []
            total = 0
            for tier in asking.tiers(lookup):
                if len(hits) == lookup.limit:  # what is left need only be counted
                    total = sum(month.count for month in months) or asking.count(lookup)
                    break
                wanted = lookup.limit - len(hits)
                skip = max(0, lookup.offset - total)
                found = searcher.search(tier, wanted, offset=skip, **_ordered(lookup))
                hits += found.hits
                total += found.count
            return Found(asking.keys(hits), total, facets, months)

    @staticmethod
    def _newest(
        searcher: Any, asking: Asking, lookup: Lookup, months: Sequence[FacetCount]
    ) -> tuple[Key, ...] | None:
        """The page, where the newest quarters have enough of the best hits for it; else None."""
        best = asking.newest(lookup, months)
        if best is None:
            return None
        found = searcher.search(best, lookup.limit, offset=lookup.offset, count=False, **_ordered(lookup))
        if len(found.hits) < lookup.limit:
            return None
        return asking.keys(found.hits)

    def near(self, word: Word, lookup: Lookup, limit: int) -> tuple[Key, ...]:
        """See ``search.index.Index``."""
        view = self._current()
        if view is None or lookup.sees_nothing:
            return ()
        with self._guarded("read"):
            asking = self._asking(view)
            query = asking.near(word, lookup)
            return () if query is None else asking.keys(view.searcher.search(query, limit).hits)

    def keys(self, lookup: Lookup) -> Iterator[Key]:
        """See ``search.index.Index``."""
        view = self._current()
        if view is None or lookup.sees_nothing or view.searcher.num_docs == 0:
            return
        searcher = view.searcher
        with self._guarded("read"):
            asking = self._asking(view)
            found = searcher.search(
                asking.matching(lookup), searcher.num_docs, count=False, **_ordered(lookup)
            )
            for hits in batches(found.hits, _AT_ONCE):
                yield from asking.keys(hits)

    def digests(self) -> Iterator[tuple[Key, str]]:
        """See ``search.index.Index``."""
        view = self._current()
        if view is None or view.searcher.num_docs == 0:
            return
        searcher = view.searcher
        with self._guarded("read"):
            asking = self._asking(view)
            found = searcher.search(tantivy.Query.all_query(), searcher.num_docs, count=False)
            for hits in batches(found.hits, _AT_ONCE):
                for key, (_, address) in zip(asking.keys(hits), hits, strict=True):
                    yield key, str(searcher.doc(address).get_first("digest"))

    def count(self) -> int:
        """See ``search.index.Index``."""
        view = self._current()
        return 0 if view is None else int(view.searcher.num_docs)

    def is_complete(self) -> bool:
        """See ``search.index.Index``."""
        state = self._folder.state()
        return state is not None and state.is_complete

    def check(self) -> None:
        """See ``search.index.Index``."""
        with self._locked():
            self._usable_state()

    def describe(self) -> Mapping[str, str | int]:
        """See ``search.index.Index``."""
        state = self._folder.state()
        files = [] if state is None else list((self._folder.path / state.folder).glob("*"))
        return {
            "engine": "tantivy",
            "version": version("tantivy"),
            "records": self.count(),
            "bytes": sum(file.stat().st_size for file in files),
            "folder": str(self._folder.path),
            **({} if state is None or state.building is None else {"building": state.building}),
        }

    def close(self) -> None:
        """See ``search.index.Index``."""
        with self._reading_lock:
            self._index, self._view, self._open_name, self._seen = None, None, "", ()

    def _current(self) -> _View | None:
        """What is committed now, by any process. None when there is no index yet."""
        for attempt in (1, 2):
            state = self._folder.state()
            if state is None:
                return None
            try:
                with self._guarded("read"):
                    return self._open(state)
            except SearchUnavailable:
                # Another process may just have replaced the files that this one was about to open.
                if attempt == 2 or self._folder.state() == state:
                    raise
        return None

    def _open(self, state: State) -> _View:
        with self._reading_lock:
            if self._open_name != state.folder or self._index is None:
                path = self._folder.path / state.folder
                index = open_folder(path)
                index.config_reader("manual", 0)
                self._index, self._view, self._open_name = index, None, state.folder
                self._meta_file = path / "meta.json"
            status = self._meta_file.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if self._view is None or seen != self._seen:
                self._index.reload()
                searcher = self._index.searcher()
                self._view, self._seen = _View(searcher, quarters_of(searcher)), seen
            return self._view

    def _asking(self, view: _View) -> Asking:
        return Asking(self._schema, view.searcher, self._known, view.quarters)

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


def open_folder(path: Path) -> Any:
    """The engine's index in a folder. Raises ValueError."""
    return tantivy.Index.open(str(path))


class _Change:
    """Records and keys as the engine takes them."""

    def __init__(self, records: Sequence[Record], gone: Sequence[Key]) -> None:
        newest = {record.key: record for record in records}
        self.keys = sorted({key_text(key) for key in (*newest, *gone)})
        self.documents = []
        self._refused: dict[Key, str] = {}
        for record in side_by_side(newest.values()):
            key = record.key
            try:
                self.documents.append(_document(fields_of(record)))
            except (ArithmeticError, ValueError) as error:  # a number or text beyond what the engine can hold
                self._refused[key] = f"{type(error).__name__}: {error}"

    def require_taken(self) -> None:
        """Raise RecordRefused when the engine does not take some of the records."""
        if self._refused:
            raise RecordRefused(self._refused)


def side_by_side(records: Iterable[Record]) -> list[Record]:
    """Records that the same people see next to each other: by the access term that most of them have.

    Whoever searches sees few records of many. In long stretches of which none or all are theirs, the engine
    passes over what it need not compare; spread evenly, it has to look for each.
    """
    records = list(records)
    many = Counter(chain.from_iterable(record.access for record in records))
    return sorted(records, key=lambda record: sorted((-many[term], term) for term in record.access))


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    for name in KEY_NUMBERS:
        builder.add_unsigned_field(name, fast=True)
    builder.add_text_field("digest", stored=True, tokenizer_name="raw", index_option="basic")
    for name in TEXTS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in IN_FOURS.values():
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in (*EXACT, COUNTED, QUARTER, ACCESS_IN_QUARTER):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in dict.fromkeys(COUNTS.values()):
        builder.add_integer_field(name, fast=True)
    builder.add_integer_field("order", indexed=True, fast=True)
    builder.add_integer_field("amount", indexed=True, fast=True)
    builder.add_integer_field("amount_up", fast=True)  # turned round: who has none comes last in either order
    return builder.build()


def _document(fields: Fields) -> Any:
    document = tantivy.Document()
    document.add_text("key", key_text(fields.key))
    for name, number in zip(KEY_NUMBERS, key_numbers(fields.key), strict=True):
        document.add_unsigned(name, number)
    document.add_text("digest", fields.digest)
    for name, values in (*fields.texts.items(), *fields.exact.items()):
        for value in values:  # each value of a text keeps its distance from the next
            document.add_text(name, value)
    for text, name in IN_FOURS.items():
        for value in fields.fours[text]:
            document.add_text(name, value)
    quarter = quarter_of_order(fields.order)
    document.add_text(QUARTER, str(quarter))
    for term in fields.exact["access"]:
        document.add_text(ACCESS_IN_QUARTER, in_quarter(quarter, term))
    for facet, name in COUNTS.items():
        for value in fields.exact[f"in_{facet}"]:
            number = number_of(facet, value)
            document.add_integer(name, number)
            document.add_text(COUNTED, counted_text(number, facet, value))
    document.add_integer("order", fields.order)
    document.add_integer("amount", NO_AMOUNT if fields.amount is None else fields.amount)
    document.add_integer("amount_up", NO_AMOUNT if fields.amount is None else -fields.amount)
    return document


def _ordered(lookup: Lookup) -> dict[str, Any]:
    """How the engine sorts; records without an amount come last either way."""
    match lookup.order:
        case "oldest":
            return {"order_by_field": "order", "order": tantivy.Order.Asc}
        case "amount-down":
            return {"order_by_field": "amount", "order": tantivy.Order.Desc}
        case "amount-up":
            return {"order_by_field": "amount_up", "order": tantivy.Order.Desc}
    return {"order_by_field": "order", "order": tantivy.Order.Desc}
