"""What callers say about places on pages and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
