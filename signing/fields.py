"""What callers say about places on pages and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

MOST_PAGES_A_SEAL: Final = 20
"""Pages that share one whole seal on their straddle, where nobody says otherwise: thinner slices than two
millimetres show nothing."""


@dataclass(frozen=True)
class FieldSpec:
    """A signature field to be made before the first signature.

    ``page`` counts from 0. ``box`` is (left, bottom, right, top) in PDF user space, in points;
    None makes an invisible field. ``locks`` names the form fields that must not change once this one
    is signed (FieldMDP, Include).
    """

    name: str
    page: int = 0
    box: tuple[float, float, float, float] | None = None
    locks: tuple[str, ...] = ()


@dataclass(frozen=True)
class SignatureBlock:
    """What a visible signature says. ``signed_at`` is already in the organisation's zone."""

    name: str
    position: str
    decision: str
    comment: str
    signed_at: datetime


@dataclass(frozen=True)
class Placement:
    """Where a seal goes: the centre, in millimetres from the top left of the page as it is shown.

    ``page`` counts from 1. "As shown" means after the page's rotation and cropping.
    """

    page: int
    x_mm: float
    y_mm: float


@dataclass(frozen=True)
class EveryPage:
    """A seal at the same place of every page: its centre, in millimetres from the top left as shown."""

    x_mm: float
    y_mm: float


class Edge(StrEnum):
    """The edge of the pages that a straddle seal 骑缝章 runs over."""

    RIGHT = "right"
    LEFT = "left"


@dataclass(frozen=True)
class Straddle:
    """One seal over the edges of all pages; put side by side, the slices are the whole seal.

    ``y_mm`` is its middle from the top of each page, half way down where it is None. At most
    ``most_pages`` pages share a seal; more pages have more seals.
    """

    edge: Edge = Edge.RIGHT
    y_mm: float | None = None
    most_pages: int = MOST_PAGES_A_SEAL


@dataclass(frozen=True)
class AtKeyword:
    """A seal at words of the document: over them, or right ``after`` them.

    ``hit`` is the number of the occurrence, from 1; None means all of them.
    """

    keyword: str
    hit: int | None = None
    after: bool = False


@dataclass(frozen=True)
class AtAnchor:
    """A seal at a named anchor of the template: a named destination or an empty form field."""

    anchor: str


LooseWish = Placement | EveryPage | Straddle | AtKeyword | AtAnchor
"""What may be asked for before the words and anchors of the document were looked up."""
WantedPlace = Placement | EveryPage | Straddle
"""What a keeper asks for: it becomes one spot or many."""
