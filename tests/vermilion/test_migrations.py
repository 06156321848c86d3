"""The migrations make the models' tables, on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from core.database import Database
from core.settings import Settings
from vermilion.migrations import DatabaseNewer, configuration, newest, revision, upgrade
from vermilion.models import METADATA


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
