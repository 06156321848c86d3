"""Commands that run in the process of the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command has its process log to its standard error, which is closed once the command has ended."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
