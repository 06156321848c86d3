"""Shapes of seals and their register."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas import EXAMPLE_ID, EXAMPLE_TIME, Shape, Words, example
from signing.fields import (
    MOST_PAGES_A_SEAL,
    AtAnchor,
    AtKeyword,
    Edge,
    EveryPage,
    LooseWish,
    Placement,
    Straddle,
)
from signing.models import SealState
from signing.placing import MOST_PLACEMENTS
from signing.seal_changes import ChangeKind, Outcome
from signing.seals import SealKind

_SEAL: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "entity_id": EXAMPLE_ID,
    "name": "合同专用章",
    "kind": "contract",
    "code": "3201140012345",
    "diameter_mm": 42.0,
    "height_mm": None,
    "inscription": None,
    "picture_digest": None,
    "keeper_id": EXAMPLE_ID,
    "auditor_id": None,
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
    diameter_mm: float = Field(description="Width, where the seal is not round.")
    height_mm: float | None = Field(description="None: as high as wide.")
    inscription: str | None
    picture_digest: str | None = Field(description="Of the print that it shows, where it is from a scan.")
    keeper_id: UUID
    auditor_id: UUID | None
    state: SealState
    created_at: datetime


class SealFace(Shape):
    """What a seal looks like: drawn by the usual conventions, or with a print (`POST /seals/scans`)."""

    model_config = example(
        {"entity_id": EXAMPLE_ID, "kind": "contract", "code": "3201140012345", "diameter_mm": 42.0}
    )

    entity_id: UUID
    kind: SealKind
    code: str | None = Field(default=None, pattern=r"^[0-9]{1,20}$", description="Number on the lower arc.")
    diameter_mm: float | None = Field(
        default=None, ge=10, le=60, description="Width; what is usual for the kind when left out."
    )
    height_mm: float | None = Field(default=None, ge=10, le=60)
    inscription: Words | None = Field(
        default=None,
        max_length=60,
        description="Taxpayer's number (invoice), person's name (legal_representative), type line (free).",
    )
    picture_digest: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="Of a print that the caller took in."
    )


class NewSeal(SealFace):
    """An application for a seal. Somebody else agrees to it, then its keeper takes it over."""

    model_config = example(
        {
            "entity_id": EXAMPLE_ID,
            "name": "合同专用章",
            "kind": "contract",
            "keeper_id": EXAMPLE_ID,
            "code": "3201140012345",
            "diameter_mm": 42.0,
            "reason": "新设合同专用章",
        }
    )

    name: Words = Field(min_length=1, max_length=200)
    keeper_id: UUID
    auditor_id: UUID | None = Field(default=None, description="Who checks its register.")
    user_ids: list[UUID] = Field(
        default=[], max_length=500, description="Who may apply for its use; everybody else when empty."
    )
    reason: Words = Field(min_length=1, max_length=500)


class SealScanAnswer(Shape):
    """A seal's print, taken out of a photo or scan. Apply with its digest within a day."""

    model_config = example({"digest": "0" * 64, "width": 1063, "height": 1060, "made_at": EXAMPLE_TIME})

    digest: str = Field(description="`picture_digest` of the application.")
    width: int = Field(description="Of the print, in pixels.")
    height: int
    made_at: datetime


class NewSealChange(Shape):
    """A change of a seal that somebody else has to agree to."""

    model_config = example({"kind": "suspend", "reason": "年度盘点"})

    kind: Literal["suspend", "resume", "lose", "destroy", "hand_over", "people"]
    reason: Words = Field(min_length=1, max_length=500)
    keeper_id: UUID | None = Field(default=None, description="The new keeper, for `hand_over`.")
    auditor_id: UUID | None = Field(default=None, description="For `people`.")
    user_ids: list[UUID] = Field(default=[], max_length=500, description="For `people`.")


class NewSealKey(Shape):
    """Another key for a seal. Files are sent to `/seals/{id}/keys/file`."""

    model_config = example({"label": "contract-2027", "own_certificate": True, "reason": "证书将到期"})

    label: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Of a key in the token; null: a fresh key of our own.",
    )
    own_certificate: bool = Field(
        default=False, description="The certificate beside the key in the token, not one of ours."
    )
    reason: Words = Field(min_length=1, max_length=500)


class SealChangeAnswer(Shape):
    """A step in a seal's life."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "seal_id": EXAMPLE_ID,
            "seal_name": "合同专用章",
            "kind": "suspend",
            "reason": "年度盘点",
            "detail": {"version": 1},
            "asked_by": "孙丽",
            "asked_at": EXAMPLE_TIME,
            "decided_by": None,
            "decided_at": None,
            "outcome": None,
            "may_agree": True,
            "may_withdraw": False,
        }
    )

    id: UUID
    seal_id: UUID | None = Field(description="None until an application is agreed to.")
    seal_name: str
    kind: ChangeKind
    reason: str
    detail: dict[str, Any] = Field(
        description="What the kind needs: `facts` of an application, ids of keeper, auditor and users."
    )
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    outcome: Outcome | None
    may_agree: bool
    may_withdraw: bool


class PlacementShape(Shape):
    """Where a seal goes: its centre, from the top left of the page as it is shown."""

    model_config = example({"page": 1, "x_mm": 150.0, "y_mm": 240.0})

    page: int = Field(ge=1, le=100_000, description="From 1.")
    x_mm: float = Field(ge=-10_000, le=10_000, allow_inf_nan=False)
    y_mm: float = Field(ge=-10_000, le=10_000, allow_inf_nan=False)


class EveryPageShape(Shape):
    """The same place on every page."""

    model_config = example({"every_page": True, "x_mm": 180.0, "y_mm": 30.0})

    every_page: Literal[True]
    x_mm: float = Field(ge=-10_000, le=10_000, allow_inf_nan=False)
    y_mm: float = Field(ge=-10_000, le=10_000, allow_inf_nan=False)


class StraddleShape(Shape):
    """A straddle seal 骑缝章 over the edge of all pages."""

    model_config = example({"straddle": "right", "y_mm": 148.5, "most_pages": 20})

    straddle: Edge = Field(description="The edge of the pages.")
    y_mm: float | None = Field(
        default=None,
        ge=-10_000,
        le=10_000,
        allow_inf_nan=False,
        description="The seal's middle from the top of each page; half way down when left out.",
    )
    most_pages: int = Field(
        default=MOST_PAGES_A_SEAL, ge=2, le=200, description="Pages that share one whole seal, at most."
    )


class KeywordShape(Shape):
    """At words of the document."""

    model_config = example({"keyword": "盖章处", "hit": 1, "after": False})

    keyword: str = Field(min_length=1, max_length=60)
    hit: int | None = Field(
        default=None, ge=1, le=200, description="Which occurrence, from 1; all of them when left out."
    )
    after: bool = Field(default=False, description="Right after the words instead of over them.")


class AnchorShape(Shape):
    """At a named destination or an empty form field of the document."""

    model_config = example({"anchor": "seal-party-a"})

    anchor: str = Field(min_length=1, max_length=200)


PlaceShape = PlacementShape | EveryPageShape | StraddleShape | KeywordShape | AnchorShape
"""A place that may be asked for."""


def wish(shape: PlaceShape) -> LooseWish:
    """What a shape asks for."""
    if isinstance(shape, EveryPageShape):
        return EveryPage(shape.x_mm, shape.y_mm)
    if isinstance(shape, StraddleShape):
        return Straddle(shape.straddle, shape.y_mm, shape.most_pages)
    if isinstance(shape, KeywordShape):
        return AtKeyword(shape.keyword, shape.hit, shape.after)
    if isinstance(shape, AnchorShape):
        return AtAnchor(shape.anchor)
    return Placement(shape.page, shape.x_mm, shape.y_mm)


class SpotAnswer(Shape):
    """An area that a seal takes. A slice of a straddle seal has its number and their count."""

    model_config = example({"page": 1, "x_mm": 203.0, "y_mm": 148.5, "part": 1, "parts": 3})

    page: int
    x_mm: float
    y_mm: float
    part: int | None = None
    parts: int | None = None


class SpotsAnswer(Shape):
    """Where the seal would go."""

    model_config = example({"spots": [{"page": 1, "x_mm": 203.0, "y_mm": 148.5, "part": 1, "parts": 3}]})

    spots: list[SpotAnswer]


class WantedPlaces(Shape):
    """Places to be tried in one document."""

    model_config = example({"places": [{"straddle": "right", "most_pages": 20}]})

    places: list[PlaceShape] = Field(min_length=1, max_length=MOST_PLACEMENTS)
