"""Versions: compare-and-swap on both databases; permission in every query."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest

from core.errors import NotFound
from ingest.errors import VersionConflict
from ingest.models import Document, DocumentKind, VersionReason
from tests.ingest import samples
from tests.ingest.conftest import Desk


def add(desk: Desk, document_id: UUID, expected: int, data: bytes) -> None:
    kept = desk.store.keep(data)
    with desk.runtime.database.write() as session:
        desk.ingest.add_version(
            session, document_id, expected=expected, kept=kept, reason=VersionReason.SIGNED, made_by=None
        )


def test_of_many_who_add_the_same_version_one_wins(
    make_desk: Callable[[str | None], Desk], database_url: str
) -> None:
    desk = make_desk(database_url)
    document = desk.process(samples.typeset())
    start = threading.Barrier(8)
    outcomes: list[str] = []

    def contend(number: int) -> None:
        start.wait()
        try:
            add(desk, document.id, 1, f"version by {number}".encode())
            outcomes.append("won")
        except VersionConflict:
            outcomes.append("lost")

    threads = [threading.Thread(target=contend, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]
    with desk.runtime.database.read() as session:
        assert [version.number for version in desk.ingest.versions(session, document.id)] == [1, 2]
        assert desk.ingest.current(session, document.id).pages == 2


def test_losers_that_try_again_lose_nothing(
    make_desk: Callable[[str | None], Desk], database_url: str
) -> None:
    desk = make_desk(database_url)
    document = desk.process(samples.typeset())

    def insist(number: int) -> None:
        while True:
            with desk.runtime.database.read() as session:
                expected = desk.ingest.current(session, document.id).number
            try:
                return add(desk, document.id, expected, f"version by {number}".encode())
            except VersionConflict:
                continue

    threads = [threading.Thread(target=insist, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with desk.runtime.database.read() as session:
        made = desk.ingest.versions(session, document.id)
    assert [version.number for version in made] == list(range(1, 8))
    assert len({version.digest for version in made}) == 7


def test_conflict_leaves_the_object_unreferenced(desk: Desk) -> None:
    document = desk.process(samples.typeset())
    with pytest.raises(VersionConflict):
        add(desk, document.id, 5, b"never used")
    with desk.runtime.database.read() as session:
        assert session.get_one(Document, document.id).current_version == 1


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("staff", True), ("other", False), ("head", True), ("gm", True), ("finance", False), ("legal", False),
        ("keeper", False), ("auditor", True), ("archivist", True), ("admin", True),
    ],
)  # fmt: skip
def test_lists_counts_and_single_reads_agree_about_who_may_see(desk: Desk, who: str, sees: bool) -> None:
    document = desk.process(samples.typeset())
    principal = desk.company.principal(who)
    with desk.runtime.database.read() as session:
        listed = [row.id for row in desk.ingest.list_documents(session, principal)]
        assert (document.id in listed) is sees
        assert desk.ingest.count_documents(session, principal) == int(sees)
        if sees:
            assert desk.ingest.get_document(session, principal, document.id).id == document.id
        else:
            with pytest.raises(NotFound):
                desk.ingest.get_document(session, principal, document.id)


def test_pages_of_the_list_neither_repeat_nor_leave_out(desk: Desk) -> None:
    ids = [desk.receive(samples.typeset(), f"{n}.pdf").document_id for n in range(7)]
    principal, seen = desk.company.principal("staff"), list[UUID]()
    with desk.runtime.database.read() as session:
        before: UUID | None = None
        while rows := desk.ingest.list_documents(session, principal, before=before, limit=3):
            seen += [row.id for row in rows]
            before = rows[-1].id
    assert seen == list(reversed(ids))


def test_list_filters_by_kind(desk: Desk) -> None:
    contract = desk.receive(samples.typeset(), kind=DocumentKind.CONTRACT)
    desk.receive(samples.typeset(), kind=DocumentKind.INVOICE)
    with desk.runtime.database.read() as session:
        rows = desk.ingest.list_documents(
            session, desk.company.principal("staff"), kind=DocumentKind.CONTRACT
        )
    assert [row.id for row in rows] == [contract.document_id]
