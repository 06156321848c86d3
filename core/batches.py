"""Things that are worked on some at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """The things in lists of a size, the last one shorter."""
    left = iter(things)
    while some := list(islice(left, size)):
        yield some
