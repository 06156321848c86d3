"""The audit trail: chained, and every kind of tampering shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from core import audit
from core.models import AuditEntry, AuditHead
from core.runtime import Runtime


def write_entries(runtime: Runtime, count: int) -> None:
    now = runtime.clock.now()
    for number in range(count):
        with runtime.database.write() as session:
            audit.record(session, now, None, "thing.done", "thing", None, {"number": number})
            if number % 2:
                audit.record(session, now, None, "thing.seen", "thing", None, {"name": "云杉"})


def test_an_untouched_chain_is_whole(runtime: Runtime) -> None:
    write_entries(runtime, 5)
    with runtime.database.read() as session:
        assert audit.verify(session) is None
        assert [entry.sequence for entry in audit.entries(session)] == list(range(1, 8))


def test_an_empty_chain_is_whole(runtime: Runtime) -> None:
    with runtime.database.read() as session:
        assert audit.verify(session) is None


TAMPERINGS: dict[str, tuple[Callable[[Session], object], tuple[int, str]]] = {
    "payload changed": (
        lambda s: s.execute(update(AuditEntry).where(AuditEntry.sequence == 3).values(payload={"number": 9})),
        (3, "payload"),
    ),
    "salt changed": (
        lambda s: s.execute(update(AuditEntry).where(AuditEntry.sequence == 3).values(salt="00")),
        (3, "payload"),
    ),
    "action changed": (
        lambda s: s.execute(update(AuditEntry).where(AuditEntry.sequence == 2).values(action="other.done")),
        (2, "chain"),
    ),
    "time moved": (
        lambda s: s.execute(
            update(AuditEntry)
            .where(AuditEntry.sequence == 2)
            .values(at=s.get_one(AuditEntry, 2).at + timedelta(1))
        ),
        (2, "chain"),
    ),
    "entry in the middle deleted": (
        lambda s: s.execute(delete(AuditEntry).where(AuditEntry.sequence == 4)),
        (4, "sequence"),
    ),
    "last entry deleted": (
        lambda s: s.execute(delete(AuditEntry).where(AuditEntry.sequence == 7)),
        (7, "head"),
    ),
    "head moved back with the last entry": (
        lambda s: (
            s.execute(delete(AuditEntry).where(AuditEntry.sequence == 7)),
            s.execute(update(AuditHead).values(sequence=6)),
        ),
        (7, "head"),
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found_at_the_entry_it_touched(runtime: Runtime, name: str) -> None:
    write_entries(runtime, 5)
    tamper, (sequence, reason) = TAMPERINGS[name]
    with runtime.database.write() as session:
        tamper(session)
    with runtime.database.read() as session:
        assert audit.verify(session) == audit.BrokenLink(sequence, reason)


def test_a_payload_can_be_erased_without_breaking_the_chain(runtime: Runtime) -> None:
    write_entries(runtime, 3)
    with runtime.database.write() as session:
        session.execute(update(AuditEntry).where(AuditEntry.sequence == 2).values(payload=None, salt=None))
    with runtime.database.read() as session:
        assert audit.verify(session) is None


def test_a_transaction_that_fails_leaves_no_entry(runtime: Runtime) -> None:
    with pytest.raises(ZeroDivisionError), runtime.database.write() as session:
        audit.record(session, runtime.clock.now(), None, "thing.done")
        _ = 1 / 0
    with runtime.database.read() as session:
        assert list(audit.entries(session)) == []


def test_an_exported_line_carries_what_the_chain_needs(runtime: Runtime) -> None:
    write_entries(runtime, 1)
    with runtime.database.read() as session:
        line = audit.entry_line(next(audit.entries(session)))
    assert '"chain_digest"' in line and '"number": 0' in line
