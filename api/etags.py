"""Entity tags: reading only what changed, changing only what was read (RFC 9110, 13.1)."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Header, Response

from api.errors import PreconditionFailed
from api.problems import CONTENT

UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "The reader has it already."}}
CHANGED: Final[dict[int | str, dict[str, Any]]] = {
    412: {"description": "It has changed since it was read; nothing was done.", "content": CONTENT}
}
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=500,
        description="The `ETag` that was read. When the thing has changed since, nothing is done (412).",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", max_length=500, description="Answer 304 when this `ETag` still holds."),
]


def tag(value: object) -> str:
    """A strong entity tag."""
    return f'"{value}"'


def require_match(if_match: str | None, current: str) -> None:
    """Raise PreconditionFailed when the header names other states only."""
    if if_match is not None and "*" not in _tags(if_match) and current not in _tags(if_match):
        raise PreconditionFailed(current=current)


def unchanged(if_none_match: str | None, current: str) -> Response | None:
    """A 304 answer when the reader has the current state already."""
    known = [one.removeprefix("W/") for one in _tags(if_none_match or "")]
    if current in known or "*" in known:
        return Response(status_code=304, headers={"ETag": current})
    return None


def _tags(header: str) -> list[str]:
    return [part.strip() for part in header.split(",")]
