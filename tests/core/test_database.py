"""The database: transactions, column types, and sessions that cannot write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from core.database import Database, Money, UtcDateTime, insert_unless_there
from core.errors import SettingUnusable
from core.models import LegalEntity, PeriodicJob
from tests.builders import make_database

DIALECT = sqlite.dialect()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = make_database(database_url)
    yield made
    made.dispose()


@given(st.integers(-(10**15), 10**15))
def test_money_comes_back_exactly(fen: int) -> None:
    amount = Decimal(fen) / 100
    assert Money().process_result_value(Money().process_bind_param(amount, DIALECT), DIALECT) == amount


def test_a_fraction_of_a_fen_is_refused() -> None:
    with pytest.raises(ValueError, match="fraction"):
        Money().process_bind_param(Decimal("0.001"), DIALECT)


def test_times_are_utc_and_naive_ones_are_refused() -> None:
    shanghai = datetime(2026, 11, 24, 12, tzinfo=timezone(timedelta(hours=8)))
    assert UtcDateTime().process_bind_param(shanghai, DIALECT) == datetime(2026, 11, 24, 4, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        UtcDateTime().process_bind_param(datetime(2026, 11, 24), DIALECT)  # noqa: DTZ001


def test_a_block_that_raises_changes_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as session:
        session.add(LegalEntity(name="x"))
        session.flush()
        _ = 1 / 0
    with database.read() as session:
        assert session.query(LegalEntity).count() == 0


def test_a_reading_session_refuses_to_write(database: Database) -> None:
    with database.read() as session, pytest.raises(RuntimeError, match="write"):
        session.add(LegalEntity(name="x"))
        session.flush()


def test_transactions_cannot_be_nested_on_sqlite(database: Database) -> None:
    if not database.is_sqlite:
        return
    with database.write(), pytest.raises(RuntimeError, match="inside"), database.write():
        pass


def test_writers_on_many_threads_all_get_their_turn(database: Database) -> None:
    def write(number: int) -> None:
        for turn in range(10):
            with database.write() as session:
                session.add(LegalEntity(name=f"{number}-{turn}"))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.query(LegalEntity).count() == 80


def test_rows_whose_key_is_taken_are_passed_over_and_not_counted(database: Database) -> None:
    row = {"name": "core.test", "next_run": datetime(2026, 11, 24, tzinfo=UTC)}
    with database.write() as session:
        assert insert_unless_there(session, PeriodicJob, [row, {**row, "name": "core.other"}]) == 2
        assert insert_unless_there(session, PeriodicJob, [row, {**row, "name": "core.third"}]) == 1
    with database.write() as session:
        assert insert_unless_there(session, PeriodicJob, [row]) == 0


def test_a_server_that_is_away_is_one_clear_line() -> None:
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(SettingUnusable) as refused:
        database.ping()
    assert "VERMILION_DATABASE_URL" in str(refused.value)
    database.dispose()
