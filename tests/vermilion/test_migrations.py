"""The migrations make the models' tables, on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from core.database import Database
from core.settings import Settings
from tests.office import open_office
from vermilion.migrations import DatabaseNewer, configuration, newest, revision, upgrade
from vermilion.models import METADATA
from workflow.models import ContinuedSheet, Outcome, Task


def open_database(tmp_path: Path, url: str) -> Database:
    return Database(Settings(home=tmp_path, database_url=url).effective_database_url)


def test_migrated_tables_are_those_of_the_models(tmp_path: Path, empty_database_url: str) -> None:
    database = open_database(tmp_path, empty_database_url)
    upgrade(database)
    upgrade(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    database.dispose()


def test_the_last_file_is_where_the_chain_of_migrations_ends(tmp_path: Path) -> None:
    database = open_database(tmp_path, "")
    assert revision(database) is None
    assert ScriptDirectory.from_config(configuration(database)).get_current_head() == newest()
    upgrade(database)
    assert revision(database) == newest()
    database.dispose()


def test_the_way_back_and_forth_again_works(tmp_path: Path, empty_database_url: str) -> None:
    database = open_database(tmp_path, empty_database_url)
    upgrade(database)
    command.downgrade(configuration(database), "base")
    upgrade(database)
    database.dispose()


def test_a_database_of_a_newer_program_is_refused(tmp_path: Path, empty_database_url: str) -> None:
    database = open_database(tmp_path, empty_database_url)
    upgrade(database)
    with database.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(DatabaseNewer):
        upgrade(database)
    database.dispose()


def test_tasks_and_rounds_of_an_older_database_find_their_sheets(tmp_path: Path) -> None:
    """SQLite makes a changed table anew while others refer to it: nothing may be lost on the way."""
    with open_office(tmp_path / "home") as office:
        case_id = office.submit_contract()
        office.decide("head", case_id, Outcome.RETURNED, "请补充")
        form = office.view("staff", case_id).case.form
        office.workflow.submit(office.principal("staff"), "contract", form, resubmit=case_id)
        office.decide("head", case_id)

        def known() -> tuple[list[Any], list[Any]]:
            with office.runtime.database.read() as session:
                tasks = session.execute(
                    select(Task.id, Task.sheet_id, Task.place, Task.field_name).order_by(Task.id)
                )
                links = session.execute(
                    select(ContinuedSheet.sheet_id, ContinuedSheet.earlier_id, ContinuedSheet.digest)
                )
                return list(tasks), list(links)

        before = known()
        assert len(before[1]) == 1
        office.runtime.database.dispose()
        command.downgrade(configuration(office.runtime.database), "0010")
        upgrade(office.runtime.database)
        assert known() == before
        office.approve_all(case_id, "legal", "finance")
