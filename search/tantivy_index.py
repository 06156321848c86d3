"""The embedded engine. Nothing outside the modules ``tantivy_*`` knows of tantivy."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import tantivy
from tantivy import Query

from search import tokens
from search.errors import IndexBusy, SearchUnavailable
from search.index import FACETS, Found, Key, Lookup, Record, Tag
from search.tantivy_folder import (
    IndexFolder,
    State,
    advanced,
    clear_unfinished,
    completed,
    find_damage,
)
from search.tantivy_query import TIE_BITS, Asking, order_of

_HEAP: Final = 48 * 1024 * 1024


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
                clear_unfinished(self._folder.path / state.folder)
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
            asking = Asking(self._schema, searcher)
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
            query = Asking(self._schema, searcher).matching(lookup)
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
    tie = int.from_bytes(hashlib.sha256(record.id.bytes).digest()[:4]) >> (32 - TIE_BITS)
    document.add_integer("order", order_of(record.date) | tie)
    return document


def _key_text(key: Key) -> str:
    return f"{key.kind}:{key.id.hex}"


def _stored_key(searcher: Any, address: Any) -> Key:
    kind, _, hexadecimal = str(searcher.doc(address).get_first("key")).partition(":")
    return Key(kind, UUID(hex=hexadecimal))


def _tag_text(tag: Tag) -> str:
    return f"{tag.id.hex} {tag.name}"


def _sees_nothing(lookup: Lookup) -> bool:
    return lookup.access is not None and not lookup.access
