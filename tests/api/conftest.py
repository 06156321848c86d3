"""One assembled application for each module, because making one takes a while."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.world import World, make_world
from vermilion import assembly


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The assembled application."""
    made = make_world(tmp_path_factory.mktemp("home"), upload_max_bytes=300_000)
    yield made
    assembly.close(made.runtime)
