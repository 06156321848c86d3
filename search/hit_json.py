"""A hit as JSON, for programs that read what the command line prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.index import Hit, Segment, Tag


def described(hit: Hit) -> dict[str, Any]:
    """What ``vermilion search --json`` prints on a line."""
    return {
        "kind": hit.kind,
        "id": str(hit.id),
        "title": hit.title,
        "number": hit.number,
        "date": hit.date.isoformat(),
        "subkind": hit.subkind,
        "state": hit.state,
        "marks": list(hit.marks),
        "seal": _named(hit.seal),
        "department": _named(hit.department),
        "applicant": _named(hit.applicant),
        "counterparty": hit.counterparty,
        "amount": None if hit.amount is None else f"{hit.amount:.2f}",
        "people": [_named(person) for person in hit.people],
        "page": hit.page,
        "excerpt": hit.excerpt.text if hit.excerpt else None,
        "highlights": _pieces(hit.excerpt.segments if hit.excerpt else hit.title_segments),
        "names": [{"field": name.field, "highlights": _pieces(name.segments)} for name in hit.marked_names],
        "related": {name: str(other) for name, other in hit.related.items()},
    }


def _pieces(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    return [{"text": segment.text, "hit": segment.is_hit} for segment in segments]


def _named(tag: Tag | None) -> dict[str, str] | None:
    return None if tag is None else {"id": str(tag.id), "name": tag.name}
