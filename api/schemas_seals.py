"""Shapes of seals and their register."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from api.schemas import EXAMPLE_ID, EXAMPLE_TIME, Shape, Words, example
from signing.models import SealState
from signing.seals import SealKind

_SEAL: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "entity_id": EXAMPLE_ID,
    "name": "合同专用章",
    "kind": "contract",
    "code": "3201140012345",
    "diameter_mm": 42.0,
    "keeper_id": EXAMPLE_ID,
    "state": "active",
    "created_at": EXAMPLE_TIME,
}


class SealAnswer(Shape):
    """A legal entity's seal."""

    model_config = example(_SEAL)

    id: UUID
    entity_id: UUID
    name: str
    kind: SealKind
    code: str | None = Field(description="Number on the lower arc.")
    diameter_mm: float
    keeper_id: UUID
    state: SealState
    created_at: datetime


class NewSeal(Shape):
    """A seal to be made."""

    model_config = example(
        {
            "entity_id": EXAMPLE_ID,
            "name": "合同专用章",
            "kind": "contract",
            "keeper_id": EXAMPLE_ID,
            "code": "3201140012345",
            "diameter_mm": 42.0,
        }
    )

    entity_id: UUID
    name: Words = Field(min_length=1, max_length=200)
    kind: SealKind
    keeper_id: UUID
    code: str | None = Field(default=None, pattern=r"^[0-9]{1,20}$")
    diameter_mm: float = Field(default=42.0, ge=10, le=60)


class PlacementShape(Shape):
    """Where a seal goes: its centre, from the top left of the page as it is shown."""

    model_config = example({"page": 1, "x_mm": 150.0, "y_mm": 240.0})

    page: int = Field(ge=1, le=100_000, description="From 1.")
    x_mm: float = Field(ge=-10_000, le=10_000, allow_inf_nan=False)
    y_mm: float = Field(ge=-10_000, le=10_000, allow_inf_nan=False)
