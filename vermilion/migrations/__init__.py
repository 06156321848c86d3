"""Database migrations (Alembic), run by the program itself: there is no ini file."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.database import Database
from core.errors import VermilionError


class DatabaseNewer(VermilionError):
    """The database was written by a newer Vermilion. Context: ``revision``."""

    code = "database-newer"
    status = 500


def configuration(database: Database) -> Config:
    """Alembic's configuration for this database."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["engine"] = database.engine
    return config


def upgrade(database: Database) -> None:
    """Bring the tables to this program's revision; does nothing when they are there.

    Raises DatabaseNewer when the database's revision is not known here.
    """
    config = configuration(database)
    scripts = ScriptDirectory.from_config(config)
    with database.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseNewer(revision=current)
    command.upgrade(config, "head")
