"""What an index refuses, on every database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

import ingest.records
from core import tasks
from core.models import OutboxJob
from core.runtime import Runtime
from search.index import Key, Query, Record
from search.keeping import announce
from search.opening import open_index
from tests.builders import make_company, make_runtime
from tests.search.rows import Rows, make_searcher


@pytest.fixture
def runtime_anywhere(database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """A runtime on SQLite and on PostgreSQL."""
    made = make_runtime(tmp_path / "home", database_url)
    yield made
    made.database.dispose()


def test_what_the_index_refuses_stops_nothing_is_named_and_taken_once_it_is_put_right(
    runtime_anywhere: Runtime, tmp_path: Path
) -> None:
    runtime, company = runtime_anywhere, make_company(runtime_anywhere)
    searcher, rows = make_searcher(runtime, open_index(f"tantivy:{tmp_path / 'search'}")), Rows(company)

    def found() -> int:
        return searcher.search(company.principal("admin"), Query(text="title:合同")).total

    with runtime.database.write() as session:
        ids = [rows.add_document(session, f"合同{n}") for n in range(5)]
    is_bad, bad, real = True, Key("document", ids[2]), ingest.records.records

    def records(session: Session, wanted: Sequence[UUID]) -> list[Record]:
        amount = Decimal("1e30") if is_bad else None
        return [replace(r, amount=amount) if r.id == bad.id else r for r in real(session, wanted)]

    searcher.register("document", records, ingest.records.ids, ingest.records.vocabulary)
    tasks.run_pending(runtime)
    done = searcher.reindex()
    assert (done.count, set(done.refused)) == (5, {bad})
    for _ in range(2):  # found once more, it is still named once
        with runtime.database.write() as session:
            announce(session, "document", bad.id, runtime.clock.now())
        tasks.run_pending(runtime)
        assert set(searcher.refusals()) == {bad} and "Overflow" in searcher.refusals()[bad]
    with runtime.database.read() as session:
        (left,) = session.scalars(select(OutboxJob))
    assert left.failed_at is not None and left.task == "search.index"
    assert list(searcher.differences()) == []
    assert found() == 4

    is_bad = False
    with runtime.database.write() as session:  # an administrator has it tried again
        session.execute(update(OutboxJob).values(failed_at=None, tries=0))
    tasks.run_pending(runtime)
    with runtime.database.read() as session:
        assert session.scalars(select(OutboxJob)).all() == []
    assert not searcher.refusals()
    assert found() == 5
