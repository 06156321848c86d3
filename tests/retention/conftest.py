"""An installation without people at work: rows, objects, and backups of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import FixedClock
from core.database import Database
from core.ids import new_id
from core.masterkey import MasterKey
from core.settings import Settings
from retention.backups import BackupService
from storage.opening import open_objects
from storage.service import ObjectStore
from tests import databases, servers
from tests.builders import make_database

DAY = timedelta(days=1)


@dataclass
class Vault:
    """A home with a database and objects, and its backups elsewhere."""

    settings: Settings
    database: Database
    store: ObjectStore
    master_key: MasterKey
    clock: FixedClock
    backups: BackupService

    def archive(self, *contents: bytes) -> list[str]:
        """Keep and adopt objects, and let a day pass."""
        digests = [self.store.keep(content).digest for content in contents]
        with self.database.write() as session:
            for digest in digests:
                self.store.adopt(session, digest)
        self.clock.advance(DAY)
        return digests

    @property
    def folder(self) -> Path:
        """Where the backups lie."""
        return Path(self.settings.backup_url.removeprefix("file:"))

    def files(self) -> dict[str, Path]:
        """All files of all backups, by name."""
        return {
            path.relative_to(self.folder).as_posix(): path
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


def open_vault(home: Path, database_url: str, backup_url: str) -> Vault:
    """A vault in a fresh home."""
    (home / "staging").mkdir(parents=True)
    settings = Settings(home=home, database_url=database_url, backup_url=backup_url)
    master_key = MasterKey.generate()
    master_key.save(home)
    database = make_database(settings.effective_database_url)
    clock = FixedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
    store = ObjectStore(database, open_objects(settings.effective_objects_url), clock, home / "staging")
    backups = BackupService(database, store, master_key, clock, settings)
    return Vault(settings, database, store, master_key, clock, backups)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """A vault on SQLite that backs up into a folder."""
    made = open_vault(tmp_path / "home", "", f"file:{tmp_path}/backups")
    yield made
    made.database.dispose()


@pytest.fixture
def empty_url(request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """URLs of empty databases, as many as are asked for; empty for SQLite in the home."""
    with ExitStack() as stack:

        def url_of(kind: str) -> str:
            if kind == "sqlite":
                return ""
            return stack.enter_context(databases.empty_database(request.getfixturevalue("postgresql")))

        yield url_of


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """A bucket on a real S3 server."""
    with servers.s3_server() as url:
        yield url


@pytest.fixture
def bucket(s3: str) -> str:
    """The URL of a bucket that is made when it is first opened."""
    address, _, query = s3.partition("?")
    return f"{address.rpartition('/')[0]}/test-{new_id()}?{query}"
