"""Keys of records with the embedded engine: as numbers, read many at a time without opening any document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from search.index import Key
from search.tantivy_counts import number_of

KEY_NUMBERS: Final = ("key_kind", "key_high", "key_low")
"""The fields of a key: the number of its kind (``tantivy_counts``), and the halves of its id."""
_HALF: Final = 64
_LOW: Final = (1 << _HALF) - 1


def key_numbers(key: Key) -> tuple[int, int, int]:
    """A key as ``KEY_NUMBERS``."""
    return number_of("kind", key.kind), key.id.int >> _HALF, key.id.int & _LOW


def read_keys(searcher: Any, addresses: Sequence[Any], kind_of: Callable[[int], str]) -> list[Key]:
    """The keys at these places, in their order; ``kind_of`` tells a kind from its number."""
    if not addresses:
        return []
    columns = (searcher.fast_field_values(name, addresses) for name in KEY_NUMBERS)
    return [
        Key(kind_of(kind), UUID(int=high << _HALF | low)) for kind, high, low in zip(*columns, strict=True)
    ]
