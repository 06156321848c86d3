"""What a seal is, as its application says it, and whether it may be so."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInput, NotFound
from core.models import LegalEntity, Person, Role, RoleAssignment
from signing import prints
from signing.errors import SealPeopleOverlap
from signing.print_errors import PrintOutOfShape, PrintTooCoarse
from signing.seal_scans import size_of
from signing.seals import INSCRIBED, USUAL_SIZES, Face, SealKind

SMALLEST_MM: Final = 10.0
LARGEST_MM: Final = 60.0
_TAXPAYER: Final = re.compile(r"[0-9A-Z]{15,20}")
_LONGEST: Final = {SealKind.LEGAL_REPRESENTATIVE: 12, SealKind.FREE: 16}
_OF_ANY_SHAPE: Final = frozenset({SealKind.LEGAL_REPRESENTATIVE, SealKind.FREE})
"""Kinds whose scanned print says itself how high it is."""
_SKEW: Final = 0.05
"""How far a print's proportion may be from that of its size: a photo is never taken quite from above."""


@dataclass(frozen=True)
class SealFacts:
    """A seal that does not exist yet. Sizes in millimetres; None is what is usual for the kind.

    ``user_ids`` are the people who may apply for its use; empty means everybody but keeper and auditor.
    ``picture_digest`` is that of a print (``seal_scans``), which is shown in place of a drawing.
    """

    entity_id: UUID
    name: str
    kind: str
    keeper_id: UUID
    code: str | None = None
    width_mm: float | None = None
    height_mm: float | None = None
    inscription: str | None = None
    picture_digest: str | None = None
    auditor_id: UUID | None = None
    user_ids: tuple[UUID, ...] = ()

    def face(self, entity_name: str) -> Face:
        """What is cut into it. The facts were checked."""
        kind = SealKind(self.kind)
        width, height = USUAL_SIZES[kind]
        return Face(
            kind, entity_name, self.width_mm or width, self.height_mm or height, self.code, self.inscription
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values that ``from_json`` reads."""
        plain = asdict(self)
        return {
            **plain,
            "entity_id": str(self.entity_id),
            "keeper_id": str(self.keeper_id),
            "auditor_id": str(self.auditor_id) if self.auditor_id else None,
            "user_ids": [str(one) for one in self.user_ids],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SealFacts:
        """The facts that ``to_json`` wrote."""
        return cls(
            **{
                **data,
                "entity_id": UUID(data["entity_id"]),
                "keeper_id": UUID(data["keeper_id"]),
                "auditor_id": UUID(data["auditor_id"]) if data["auditor_id"] else None,
                "user_ids": tuple(UUID(one) for one in data["user_ids"]),
            }
        )


def checked(session: Session, facts: SealFacts, today: date) -> SealFacts:
    """The facts with usual sizes filled in. Raises what ``faced`` raises, and SealPeopleOverlap."""
    entity, keeper = session.get(LegalEntity, facts.entity_id), session.get(Person, facts.keeper_id)
    if entity is None or keeper is None or not keeper.is_active:
        raise NotFound(what="entity" if entity is None else "person")
    name = " ".join(facts.name.split())
    if not 1 <= len(name) <= 200:
        raise InvalidInput(field="name", reason="1–200")
    facts = faced(session, facts)
    check_people(session, facts.keeper_id, facts.auditor_id, facts.user_ids, today)
    return replace(facts, name=name)


def faced(session: Session, facts: SealFacts) -> SealFacts:
    """The facts with what its picture needs, checked: kind, size in mm, number, inscription, print.

    Raises InvalidInput, NotFound, PrintTooCoarse, PrintOutOfShape.
    """
    if facts.kind not in set(SealKind):
        raise InvalidInput(field="kind", reason=", ".join(SealKind))
    kind = SealKind(facts.kind)
    code = facts.code or None
    if code is not None and not (code.isascii() and code.isdigit() and len(code) <= 20):
        raise InvalidInput(field="code", reason="0–9, ≤ 20")
    if facts.picture_digest:
        pixels = size_of(session, facts.picture_digest)
        width, height = _size(kind, facts, pixels[1] / pixels[0])
        _check_print(pixels, (width, height))
        inscription = None
    else:
        width, height = _size(kind, facts, None)
        inscription = _inscription(kind, facts.inscription)
    return replace(facts, code=code, width_mm=width, height_mm=height, inscription=inscription)


def check_people(
    session: Session, keeper_id: UUID, auditor_id: UUID | None, user_ids: tuple[UUID, ...], today: date
) -> None:
    """Custody, use and audit are three different people 三权分立. Raises SealPeopleOverlap, NotFound."""
    if auditor_id is not None and auditor_id == keeper_id:
        raise SealPeopleOverlap(field="auditor", powers="keeper, auditor")
    if keeper_id in user_ids:
        raise SealPeopleOverlap(field="users", powers="keeper, user")
    if auditor_id is not None and auditor_id in user_ids:
        raise SealPeopleOverlap(field="users", powers="auditor, user")
    for person_id in {keeper_id, *user_ids} | ({auditor_id} if auditor_id else set()):
        # The keeper's row is locked: nobody makes them an auditor meanwhile.
        person = session.get(Person, person_id, with_for_update=person_id == keeper_id or None)
        if person is None or not person.is_active:
            raise NotFound(what="person")
    audits = session.scalar(
        select(RoleAssignment.id)
        .where(
            RoleAssignment.person_id == keeper_id,
            RoleAssignment.role == Role.AUDITOR,
            RoleAssignment.valid_to.is_(None) | (RoleAssignment.valid_to >= today),
        )
        .limit(1)
    )
    if audits is not None:
        raise SealPeopleOverlap(field="keeper", powers="keeper, auditor")


def _size(kind: SealKind, facts: SealFacts, ratio: float | None) -> tuple[float, float]:
    """Width and height in mm. ``ratio`` is that of a print's height to its width; None for a drawing."""
    usual = USUAL_SIZES[kind]
    width = usual[0] if facts.width_mm is None else facts.width_mm
    proportion = usual[1] / usual[0]
    if facts.height_mm is not None:
        height = facts.height_mm
    elif ratio is not None and kind in _OF_ANY_SHAPE and abs(ratio / proportion - 1) > _SKEW:
        height = width * ratio
    else:
        height = width * proportion
    for field, value in (("diameter_mm", width), ("height_mm", height)):
        if not SMALLEST_MM <= value <= LARGEST_MM:
            raise InvalidInput(field=field, reason=f"{SMALLEST_MM:g}–{LARGEST_MM:g}")
    is_round = kind not in (SealKind.INVOICE, SealKind.LEGAL_REPRESENTATIVE) and ratio is None
    if is_round and abs(width - height) > 0.01:
        raise InvalidInput(field="height_mm", reason=f"{width:g}")
    return round(width, 2), round(height, 2)


def _check_print(pixels: tuple[int, int], size: tuple[float, float]) -> None:
    """Whether a print is fine enough for its size, and of its shape. Raises PrintTooCoarse,
    PrintOutOfShape."""
    ratio, wanted = pixels[1] / pixels[0], size[1] / size[0]
    if abs(ratio / wanted - 1) > _SKEW:
        raise PrintOutOfShape(field="scan", ratio=round(ratio * 100), wanted=round(wanted * 100))
    found = prints.dots_per_inch(pixels, size)
    if found < prints.LEAST_DPI:
        raise PrintTooCoarse(
            field="scan",
            found=int(found),
            needed=prints.LEAST_DPI,
            pixels=f"{pixels[0]} × {pixels[1]}",
            wanted=math.ceil(prints.LEAST_DPI * max(size) / 25.4),
            width_mm=f"{size[0]:g}",
            height_mm=f"{size[1]:g}",
        )


def _inscription(kind: SealKind, given: str | None) -> str | None:
    text = "".join((given or "").split()) if kind is not SealKind.FREE else " ".join((given or "").split())
    if kind not in INSCRIBED:
        return None
    if kind is SealKind.INVOICE:
        text = text.upper()
        if not _TAXPAYER.fullmatch(text):
            raise InvalidInput(field="inscription", reason="0–9 A–Z, 15–20")
    elif not 1 <= len(text) <= _LONGEST[kind]:
        raise InvalidInput(field="inscription", reason=f"1–{_LONGEST[kind]}")
    return text
