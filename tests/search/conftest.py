"""Back-ends of the index, each opened in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search.index import Index
from search.opening import open_index

Opening = Callable[[], Index]


@pytest.fixture(params=["tantivy"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """Opens one and the same index, as each process would."""
    urls = {"tantivy": f"tantivy:{tmp_path / 'search'}"}
    url = urls[request.param]
    return lambda: open_index(url)


@pytest.fixture
def index(opening: Opening) -> Iterator[Index]:
    """An empty index."""
    made = opening()
    yield made
    made.close()
