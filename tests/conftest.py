"""What all tests share: real servers, and no way out of this machine."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from core.runtime import Runtime
from tests import databases, servers
from tests.builders import Company, make_company, make_runtime
from tests.office import Office, open_office


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Refuse every connection that would leave the machine."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            host = str(address[0])
            if host != "localhost" and not ipaddress.ip_address(host.split("%")[0]).is_loopback:
                raise RuntimeError(f"a test tried to reach {host}")
        real(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign]
    yield
    socket.socket.connect = real  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL server's test database."""
    with servers.postgresql_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database for each kind the product runs on."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/test.db"
        return
    with databases.empty_database(request.getfixturevalue("postgresql")) as url:
        yield url


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """A runtime of core only, on SQLite."""
    made = make_runtime(tmp_path / "home")
    yield made
    made.database.dispose()


@pytest.fixture
def company(runtime: Runtime) -> Company:
    """A small company on that runtime."""
    return make_company(runtime)


# A commit is judged by the same examples everywhere; new ones are looked for by `make fuzz`.
hypothesis.settings.register_profile("ordinary", deadline=None, print_blob=True, derandomize=True)
hypothesis.settings.register_profile("fuzz", deadline=None, print_blob=True, max_examples=100_000)


def pytest_configure(config: pytest.Config) -> None:
    """Keep settings of the developer's shell out of the tests; ``make fuzz`` asks for many examples."""
    hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ordinary"))
    for name in [n for n in os.environ if n.startswith("VERMILION_")]:
        del os.environ[name]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share what is made once stay in one process; the longest groups begin.

    Those of the served demo share its organisation and the browser, those of a module what the module
    makes. Single tests come last: they fill up whichever process has time.
    """
    for item in items:
        group = _group(item)
        if group and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_turn)


def _group(item: pytest.Item) -> str | None:
    if not isinstance(item, pytest.Function):
        return None
    if "served" in item.fixturenames:
        return "served"
    shared = (one[-1].scope for one in item._fixtureinfo.name2fixturedefs.values())
    return item.module.__name__ if "module" in shared else None


def _turn(item: pytest.Item) -> int:
    if "browser" in getattr(item, "fixturenames", ()):
        return 0
    if item.get_closest_marker("xdist_group") is not None:
        return 1
    return 2 if item.get_closest_marker("slow") else 3


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database on each server; empty for SQLite in the home."""
    if request.param == "sqlite":
        yield ""
        return
    with databases.empty_database(request.getfixturevalue("postgresql")) as url:
        yield url


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A company at work on embedded back-ends."""
    with open_office(tmp_path / "home") as made:
        yield made


@pytest.fixture
def office_anywhere(tmp_path: Path, empty_database_url: str) -> Iterator[Office]:
    """A company at work, on SQLite and on PostgreSQL."""
    with open_office(tmp_path / "home", empty_database_url) as made:
        yield made
