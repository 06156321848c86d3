"""Database migrations (Alembic), run by the program itself: there is no ini file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text

from core.database import Database
from core.errors import VermilionError

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER: Final = Path(__file__).parent
_VERSION_TABLE: Final = "alembic_version"


class DatabaseNewer(VermilionError):
    """The database was written by a newer Vermilion. Context: ``revision``."""

    code = "database-newer"
    status = 500


def configuration(database: Database) -> Config:
    """Alembic's configuration for this database."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["engine"] = database.engine
    return config


def newest() -> str:
    """This program's revision: the number of the last migration's file."""
    return max(file.name.partition("_")[0] for file in FOLDER.glob("versions/[0-9]*.py"))


def revision(database: Database) -> str | None:
    """The database's revision, or None when it has no tables of ours."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table(_VERSION_TABLE):
            return None
        found: str | None = connection.scalar(text(f"select version_num from {_VERSION_TABLE}"))  # noqa: S608
        return found


def upgrade(database: Database) -> None:
    """Bring the tables to this program's revision; does nothing when they are there.

    Raises DatabaseNewer when the database's revision is not known here.
    """
    current = revision(database)
    if current == newest():
        return  # as at nearly every start: Alembic takes long to import

    from alembic import command
    from alembic.script import ScriptDirectory

    config = configuration(database)
    scripts = ScriptDirectory.from_config(config)
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseNewer(revision=current)
    command.upgrade(config, "head")
