"""Processes that end as by ``kill -9``: at a chosen call of a method, or when the test says so."""

from __future__ import annotations

import importlib
import json
import os
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from core import tasks
from core.runtime import Runtime
from search import keeping, tantivy_index
from search.elastic_address import Access
from search.index import Index, Record
from search.opening import open_index
from search.service import Searcher
from search.tantivy_index import TantivyIndex
from tests.builders import open_runtime
from tests.search.rows import make_searcher

CONTEXT: Final = get_context("forkserver")
"""One process imports everything; each that is killed is a copy of it."""
CONTEXT.set_forkserver_preload([__name__])
BATCH: Final = 4


@dataclass(frozen=True)
class Place:
    """Where rows and index are, as every process opens them."""

    home: Path
    url: str
    access: Access

    def open(self) -> tuple[Runtime, Searcher, Index]:
        runtime = open_runtime(self.home)
        index = open_index(self.url, self.access)
        return runtime, make_searcher(runtime, index), index


@dataclass(frozen=True)
class Moment:
    """Before or after the ``call``-th call (from 1) of ``MODULE:CLASS.METHOD``."""

    method: str
    call: int = 1
    is_after: bool = False

    def __str__(self) -> str:
        return f"{'after' if self.is_after else 'before'} {self.method.partition(':')[2]} {self.call}"

    def set(self) -> None:
        """Have this process end then."""
        module, _, path = self.method.partition(":")
        owner: Any = importlib.import_module(module)
        *parents, name = path.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        real, calls = getattr(owner, name), 0

        def watched(*args: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == self.call and not self.is_after:
                die()
            answer = real(*args, **named)
            if calls == self.call and self.is_after:
                die()
            return answer

        setattr(owner, name, watched)


@dataclass(frozen=True)
class Death:
    """How a process ended, and the first that it said."""

    was_killed: bool
    said: Any


def die() -> None:
    """As by ``kill -9``: nothing is written, closed or let go."""
    os.kill(os.getpid(), signal.SIGKILL)


def run(act: Any, *args: Any, after: float | None = None) -> Death:
    """Run ``act(*args, said)`` in a process of its own until it ends or is killed.

    With ``after`` it is killed so many seconds after it has sent something by the connection ``said``.
    """
    heard, said = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=act, args=(*args, said))
    process.start()
    said.close()
    try:
        if after is not None and heard.poll(60):
            time.sleep(after)
            process.kill()
        process.join(120)
        assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
        return Death(process.exitcode != 0, heard.recv() if heard.poll() else None)
    finally:
        process.kill()
        process.join()
        process.close()
        heard.close()


def rebuild(place: Place, moment: Moment | None, said: Connection) -> None:
    """Build the index anew, a few records at a time."""
    if moment is not None:
        moment.set()
    keeping._AT_ONCE = keeping._TEXTS_AT_ONCE = BATCH  # type: ignore[misc]
    _, searcher, _ = place.open()
    said.send("begins")
    searcher.reindex()


def work(place: Place, moment: Moment | None, said: Connection) -> None:
    """Do the waiting jobs, a few of them with each commit of the index."""
    if moment is not None:
        moment.set()
    search_tasks = importlib.import_module("search.tasks")
    search_tasks._TOGETHER = BATCH
    runtime, _, _ = place.open()
    said.send("begins")
    tasks.run_pending(runtime)


def merge(folder: Path, first: int, many: int, delay: float, said: Connection) -> None:
    """Write segments until the engine makes one of eight, and die ``delay`` seconds into that.

    Says how many records were committed.
    """
    index, real, applied = TantivyIndex(folder), tantivy_index.open_folder, first

    class Writer:
        """The engine's, whose merging begins with the commit and goes on in threads of its own."""

        def __init__(self, writer: Any, merges: bool) -> None:
            self._writer, self._merges = writer, merges

        def __getattr__(self, name: str) -> Any:
            return getattr(self._writer, name)

        def wait_merging_threads(self) -> None:
            if self._merges:
                time.sleep(delay)
                said.send(applied + many)
                die()
            self._writer.wait_merging_threads()

    class Opened:
        def __init__(self, path: Path) -> None:
            self._opened = real(path)
            self._merges = len(segments(path)) >= 7

        def writer(self, *args: Any) -> Writer:
            return Writer(self._opened.writer(*args), self._merges)

    tantivy_index.open_folder = Opened
    while True:
        index.apply([record(n) for n in range(applied, applied + many)])
        applied += many


def segments(folder: Path) -> set[str]:
    """The beginnings of the names of the files that are in use."""
    meta = json.loads((folder / "meta.json").read_bytes())
    return {str(segment["segment_id"]).replace("-", "") for segment in meta["segments"]}


def record(n: int) -> Record:
    """A thing with some text."""
    words = " ".join(f"采购合同第{n}条之{m}" for m in range(60))
    return Record(
        "document",
        UUID(int=n + 1),
        f"第{n}份",
        datetime(2026, 3, 1, tzinfo=UTC),
        texts=(words,),
        access=("all",),
    )
