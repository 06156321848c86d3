"""Back-ends of the index, each empty: the embedded one in a folder, Elasticsearch on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.ids import new_id
from search.elastic_address import Access
from search.index import Index
from search.opening import open_index
from tests.elastic_server import ElasticServer, make_empty, remove_all

Opening = Callable[[], Index]
ELASTICSEARCH = pytest.param("elasticsearch", marks=pytest.mark.xdist_group("elasticsearch"))


@pytest.fixture
def elastic_prefix(elasticsearch: ElasticServer) -> Iterator[str]:
    """The beginning of names under which there is nothing yet; what a test leaves there is taken away."""
    prefix = f"vermilion-{new_id().hex[-12:]}"
    yield prefix
    remove_all(elasticsearch, prefix)


@pytest.fixture(scope="session")
def _used(elasticsearch: ElasticServer) -> Iterator[list[str]]:
    """Prefixes that the tests of this process share one after another."""
    prefixes: list[str] = []
    yield prefixes
    for prefix in prefixes:
        remove_all(elasticsearch, prefix)


@pytest.fixture
def elastic_url(elasticsearch: ElasticServer, _used: list[str]) -> str:
    """Where an index is empty and incomplete, as a new one."""
    if not _used or not make_empty(elasticsearch, _used[-1]):
        _used.append(f"vermilion-{new_id().hex[-12:]}")
    return elasticsearch.url(_used[-1])


@pytest.fixture(params=["tantivy", ELASTICSEARCH])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    """Opens one and the same index, as each process would."""
    opened: list[Index] = []
    if request.param == "tantivy":
        url, access = f"tantivy:{tmp_path / 'search'}", Access()
    else:
        url, access = request.getfixturevalue("elastic_url"), request.getfixturevalue("elasticsearch").access

    def open_it() -> Index:
        opened.append(open_index(url, access))
        return opened[-1]

    yield open_it
    for index in opened:
        index.close()


@pytest.fixture
def index(opening: Opening) -> Index:
    """An empty index."""
    return opening()
