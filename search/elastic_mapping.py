"""What an Elasticsearch index holds: explicit fields, no others, and nothing that can be read back.

The server tokenises nothing but white space: the tokens come from ``search.tokens``, so that both engines
find alike. ``_source`` is off: an index holds what finds a record, not the record (docs/decisions/0007).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from search import tokens
from search.elastic_address import Address
from search.fields import EXACT, IN_FOURS, TEXTS, Fields, key_text
from search.index import INDEXED_AS, Key

LONGEST_VALUE: Final = 8_000
"""Characters of an exact value; Lucene takes 32,766 bytes. No query is as long, so nothing is missed."""
LONGEST_PREFIX: Final = 8
"""Beginnings of tokens up to so many characters are terms of their own: as quick as whole words."""
OTHER: Final = "other"
"""In the place of a year: ids that tell no time."""
_YEARS: Final = range(2000, 2100)


def version_tag() -> str:
    """Names what the fields are and mean; indices of another tag are not looked at."""
    return f"{INDEXED_AS}-{tokens.fingerprint()[:8]}"


def year_of(key: Key) -> str:
    """Which yearly index a thing is in, for good: by the time in its id (UUIDv7), not by a date."""
    return year_of_id(key.id)


def year_of_id(made: UUID) -> str:
    """The year in which an id was made, in UTC; ``other`` where it does not tell."""
    if made.version != 7:
        return OTHER
    milliseconds = made.int >> 80
    if milliseconds > 2**42:  # beyond any calendar year that is meant
        return OTHER
    year = datetime.fromtimestamp(milliseconds / 1000, UTC).year
    return str(year) if year in _YEARS else OTHER


def template(pattern: str, address: Address) -> dict[str, Any]:
    """The index template of all yearly indices of this version."""
    replicas: dict[str, Any] = (
        {"auto_expand_replicas": "0-1"}
        if address.replicas is None
        else {"number_of_replicas": address.replicas}
    )
    return {
        "index_patterns": [pattern],
        "priority": 500,
        # Whoever writes to an index that a rebuild has just replaced hears so, and makes none by writing.
        "allow_auto_create": False,
        "template": {
            "settings": {
                "number_of_shards": address.shards,
                # What is written is refreshed by who writes it; this is for a refresh that was missed.
                "refresh_interval": "30s",
                **replicas,
            },
            "mappings": mappings(),
        },
    }


def mappings() -> dict[str, Any]:
    """All fields; a document with another one is refused."""
    text = {
        "type": "text",
        "analyzer": "whitespace",
        "norms": False,
        "index_prefixes": {"min_chars": 1, "max_chars": LONGEST_PREFIX},
    }
    fours = {"type": "text", "analyzer": "whitespace", "norms": False}
    counted = {"type": "keyword"}
    exact = {"type": "keyword", "doc_values": False}
    return {
        "dynamic": "strict",
        "_source": {"enabled": False},
        "properties": {
            "key": {"type": "keyword"},
            "digest": {"type": "keyword", "index": False},
            "order": {"type": "long"},
            "amount": {"type": "long"},
            **dict.fromkeys(TEXTS, text),
            **dict.fromkeys(IN_FOURS.values(), fours),
            **{name: counted if name.startswith("in_") else exact for name in EXACT},
        },
    }


def document(fields: Fields) -> dict[str, Any]:
    """A record as the index takes it."""
    made: dict[str, Any] = {"key": key_text(fields.key), "digest": fields.digest, "order": fields.order}
    if fields.amount is not None:
        made["amount"] = fields.amount
    made |= {name: list(values) for name, values in fields.texts.items() if values}
    made |= {IN_FOURS[name]: list(values) for name, values in fields.fours.items() if values}
    made |= {name: cut_all(values) for name, values in fields.exact.items() if values}
    return made


def cut(value: str) -> str:
    """An exact value no longer than the index takes it."""
    return value[:LONGEST_VALUE]


def cut_all(values: Iterable[str]) -> list[str]:
    """Exact values, each no longer than the index takes it."""
    return [cut(value) for value in values]
