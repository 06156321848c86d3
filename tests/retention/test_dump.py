"""The database as lines and back: nothing is lost between any two databases."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
    func,
    null,
    select,
)
from sqlalchemy.exc import IntegrityError

from core.database import Base, Database, Money, UtcDateTime
from core.ids import new_id
from core.models import AuditEntry, Department, OutboxJob, Person
from retention import dump
from retention.models import Backup
from storage.models import StoredObject
from tests.builders import make_company, make_database, make_runtime

AWKWARD = "汉字 “引号” \\ \n\t\r\x1f 'a' \"b\" 🧧 𠮷 \u2028 %s :x {y}"
INSTANT = datetime(2026, 3, 2, 8, 15, 30, 123456, UTC)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = make_database(url)
    try:
        yield database
    finally:
        database.dispose()


def lines_of(database: Database) -> list[bytes]:
    with database.snapshot() as session:
        return list(dump.rows(session, {}))


def load(database: Database, lines: list[bytes]) -> None:
    with database.write() as session:
        dump.load(session, (line.rstrip(b"\n") for line in lines))


def awkward(column: Column[Any], turn: int) -> Any:
    """A value that is easily lost on the way."""
    kind = column.type
    if isinstance(kind, UtcDateTime):
        return INSTANT
    if isinstance(kind, Money):
        return [Decimal("0.10"), Decimal("-99999999999.99")][turn % 2]
    if isinstance(kind, JSON):
        return [
            {"text": AWKWARD, "list": [1, 2.5, None, True], "big": 2**62, "nested": {}},
            [],
            JSON.NULL,
            null(),
        ][turn % 4]
    if isinstance(kind, Uuid):
        return new_id()
    if isinstance(kind, LargeBinary):
        return bytes(range(256))
    if isinstance(kind, Boolean):
        return bool(turn % 2)
    if isinstance(kind, Float):
        return 0.1 + 0.2
    if isinstance(kind, Date):
        return date(2028, 2, 29)
    if isinstance(kind, Integer):
        return [0, 2**31 - 1, -1][turn % 3]
    assert isinstance(kind, String)
    return (AWKWARD + str(new_id()))[-kind.length :] if kind.length else AWKWARD


def fill(database: Database, table: Table, turn: int) -> None:
    """One row of odd values, unless its key is taken; what it refers to is any row of the other table."""
    values: dict[str, Any] = {}
    with suppress(IntegrityError), database.write() as session:
        for column in table.columns:
            if column.foreign_keys:
                other = next(iter(column.foreign_keys)).column
                values[column.name] = session.scalar(select(other).order_by(func.random()).limit(1))
            elif column.nullable and turn % 2 and not isinstance(column.type, JSON):
                values[column.name] = null()
            else:
                values[column.name] = awkward(column, turn)
        if table.name == "outbox_job":
            values |= {"owner": null(), "lease_until": null()}
        if table.name == "stored_object":
            values |= {"version_id": null(), "collecting": False}
        session.execute(table.insert().values(**values))


@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_every_table_comes_back_from_either_database_into_either(
    source: str, target: str, tmp_path: Path, empty_url: Callable[[str], str]
) -> None:
    def url(kind: str, name: str) -> str:
        return empty_url(kind) or f"sqlite:///{tmp_path}/{name}.db"

    runtime = make_runtime(tmp_path / "home", url(source, "source"))
    make_company(runtime)
    for turn, table in itertools.product(range(4), dump.tables()):
        fill(runtime.database, table, turn)
    before = lines_of(runtime.database)
    assert {json.loads(line)[0] for line in before} == {table.name for table in dump.tables()}
    runtime.database.dispose()
    with opened(url(target, "target")) as database:
        load(database, before)
        assert [json.loads(line) for line in lines_of(database)] == [json.loads(line) for line in before]


def test_only_tables_of_passing_state_are_left_out() -> None:
    assert {table.name for table in Base.metadata.sorted_tables} - {
        table.name for table in dump.tables()
    } == {
        "sign_in",
        "throttle",
        "idempotency_key",
        "periodic_job",
        "second_factor_grant",
        "passkey_challenge",
    }


def test_a_head_and_the_department_that_has_them_both_come_back(tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path / "home")
    company = make_company(runtime)
    lines = lines_of(runtime.database)
    runtime.database.dispose()
    with opened(f"sqlite:///{tmp_path}/other.db") as database:
        load(database, lines)
        with database.read() as session:
            market = session.get_one(Department, company.departments["market"])
            assert (market.head_id, market.parent_id) == (
                company.people["head"],
                company.departments["office"],
            )
            assert session.get_one(Person, company.people["staff"]).department_id == market.id


def test_an_erased_payload_stays_erased_and_is_not_mistaken_for_an_empty_one(
    database_url: str, tmp_path: Path
) -> None:
    """SQL's NULL and JSON's null both read as None."""
    with opened(f"sqlite:///{tmp_path}/source.db") as source, opened(database_url) as target:
        with source.write() as session:
            for sequence, payload in enumerate((null(), JSON.NULL, {}), start=1):
                row = {
                    "sequence": sequence,
                    "version": 1,
                    "at": INSTANT,
                    "action": "x",
                    "payload_digest": "",
                    "chain_digest": "",
                }
                session.execute(AuditEntry.__table__.insert().values(payload=payload, **row))  # type: ignore[attr-defined]
        load(target, lines_of(source))
        with target.read() as session:
            erased = select(AuditEntry.sequence).where(AuditEntry.payload.is_(null()))
            assert session.scalars(erased).all() == [1]
            assert session.scalars(select(AuditEntry.payload).order_by(AuditEntry.sequence)).all() == [
                None,
                None,
                {},
            ]


def test_what_belongs_to_the_old_machine_does_not_come_back(tmp_path: Path) -> None:
    with (
        opened(f"sqlite:///{tmp_path}/source.db") as source,
        opened(f"sqlite:///{tmp_path}/target.db") as target,
    ):
        with source.write() as session:
            for task, key in (
                ("search.index", "a"),
                ("retention.backup", "b"),
                ("retention.backup_daily", "c"),
            ):
                session.add(
                    OutboxJob(
                        task=task,
                        payload={},
                        key=key,
                        run_at=INSTANT,
                        owner="embedded:gone",
                        lease_until=INSTANT,
                        tries=2,
                    )
                )
            session.add(
                StoredObject(
                    digest="0" * 64, size=1, version_id="of the old bucket", references=1, reserved_at=INSTANT
                )
            )
        load(target, lines_of(source))
        with target.read() as session:
            (job,) = session.scalars(select(OutboxJob)).all()
            assert (job.task, job.owner, job.lease_until, job.tries) == ("search.index", None, None, 2)
            assert session.scalars(select(StoredObject.version_id)).all() == [None]


def test_a_queue_of_backup_jobs_only_comes_back_empty(tmp_path: Path) -> None:
    """An insert without values would make a row of defaults."""
    with (
        opened(f"sqlite:///{tmp_path}/source.db") as source,
        opened(f"sqlite:///{tmp_path}/target.db") as target,
    ):
        with source.write() as session:
            session.add(OutboxJob(task="retention.backup", payload={}, run_at=INSTANT))
            session.add(StoredObject(digest="0" * 64, size=1, references=1, reserved_at=INSTANT))
        load(target, lines_of(source))
        with target.read() as session:
            assert session.scalars(select(OutboxJob)).all() == []
            assert session.scalars(select(StoredObject.digest)).all() == ["0" * 64]


def test_a_snapshot_does_not_see_what_is_committed_meanwhile(database_url: str) -> None:
    with opened(database_url) as database:

        def add(name: str) -> None:
            with database.write() as session:
                session.add(Backup(name=name, kind="full", state="done", started_at=INSTANT))

        add("before")
        with database.snapshot() as session:
            first = session.scalars(select(Backup.name)).all()
            add("meanwhile")
            assert session.scalars(select(Backup.name)).all() == first == ["before"]
        with database.snapshot() as session:
            assert len(session.scalars(select(Backup.name)).all()) == 2


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(JSON_VALUES, min_size=1, max_size=5))
def test_any_json_comes_back(values: list[Any], tmp_path: Path) -> None:
    names = (f"sqlite:///{tmp_path}/{new_id()}.db" for _ in range(2))
    with opened(next(names)) as source, opened(next(names)) as target:
        with source.write() as session:
            for value in values:
                boxed = JSON.NULL if value is None else value
                session.add(OutboxJob(task="t", payload=boxed, run_at=INSTANT))
        lines = lines_of(source)
        load(target, lines)
        assert lines_of(target) == lines
