"""Shapes of custody: new keys for forgotten PINs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas import EXAMPLE_ID, EXAMPLE_TIME, Shape, example

_REPLACEMENT: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "person_id": EXAMPLE_ID,
    "person": "张伟",
    "state": "waiting",
    "asked_at": EXAMPLE_TIME,
    "consented_by": "王芳",
    "consented_at": EXAMPLE_TIME,
    "due_at": "2026-03-03T08:15:30Z",
    "ended_at": None,
}


class ReplacementAnswer(Shape):
    """The replacement of somebody's key."""

    model_config = example(_REPLACEMENT)

    id: UUID
    person_id: UUID
    person: str
    state: Literal["asked", "waiting", "ready", "done", "stopped", "lapsed"] = Field(
        description="`waiting`: consented, and the owner may stop it until `due_at`; `ready`: the owner "
        "sets a PIN with `POST /me/pin`."
    )
    asked_at: datetime
    consented_by: str | None
    consented_at: datetime | None
    due_at: datetime | None
    ended_at: datetime | None
