"""Administration of seals: the list, and making one while seeing it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Form, Query, Request, Response
from sqlalchemy import func, select

from core.errors import InvalidInput, NotFound, VermilionError
from core.models import LegalEntity, Person, Role, RoleAssignment
from portal.administration import TABS, admin_pages
from portal.fields import as_id
from portal.frame import Visiting, page, see_other
from portal.security import FILE_POLICY
from portal.visit import Visit
from signing.models import Seal, SealRecord
from signing.seals import USUAL_SIZES, Face, SealKind
from signing.service import SigningService

router = admin_pages()
DIAMETERS = {"official": 42.0, "contract": 42.0, "finance": 38.0, "invoice": 40.0, "personnel": 38.0}
"""Usual diameters of company seals, in millimetres, by kind."""


@router.get("/admin/seals")
def list_seals(request: Request, visit: Visiting) -> Response:
    """Every seal with its picture, its keeper and how often it was used."""
    with visit.runtime.database.read() as session:
        rows = session.execute(
            select(Seal, LegalEntity.name, Person.name)
            .join(LegalEntity, LegalEntity.id == Seal.entity_id)
            .join(Person, Person.id == Seal.keeper_id)
            .order_by(LegalEntity.name, Seal.name)
        ).all()
        uses = dict(
            session.execute(select(SealRecord.seal_id, func.count()).group_by(SealRecord.seal_id)).all()
        )
    return page(request, visit, "admin/seals.html", tabs=TABS, seals=rows, uses=uses)


@router.get("/admin/seals/new")
def show_new(request: Request, visit: Visiting) -> Response:
    """The form for a new seal."""
    return _new(request, visit, {}, {})


@router.get("/admin/seals/preview")
def show_preview(
    request: Request, visit: Visiting, entity: str = "", kind: str = "", code: str = "", diameter: str = ""
) -> Response:
    """The picture of the seal as the form stands now."""
    typed = {"entity": entity, "kind": kind, "code": code, "diameter": diameter}
    return page(request, visit, "parts/seal-preview.html", typed=typed)


@router.get("/admin/seals/preview.svg")
def preview_picture(
    visit: Visiting,
    entity: str = "",
    kind: str = "",
    code: Annotated[str, Query(max_length=20)] = "",
    diameter: str = "",
    inscription: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """The picture of a seal that does not exist yet."""
    entity_id = as_id(entity)
    with visit.runtime.database.read() as session:
        owner = session.get(LegalEntity, entity_id) if entity_id else None
    if owner is None or kind not in set(SealKind):
        raise NotFound(what="seal")
    number = code if code.isdigit() else None
    width, height = USUAL_SIZES[SealKind(kind)]
    across = _diameter(diameter, kind)
    face = Face(SealKind(kind), owner.name, across, across * height / width, number, inscription.strip())
    picture = visit.runtime.get(SigningService).preview_seal(face)
    return _svg(picture)


@router.get("/admin/seals/{seal_id}/picture.svg")
def seal_picture(visit: Visiting, seal_id: UUID) -> Response:
    """A seal's picture."""
    return _svg(visit.runtime.get(SigningService).seal_picture(seal_id))


@router.post("/admin/seals/new")
def create(
    request: Request,
    visit: Visiting,
    entity: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    keeper: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "",
    diameter: Annotated[str, Form()] = "",
) -> Response:
    """Make the seal with its own key and certificate."""
    typed = {
        "entity": entity, "name": name, "kind": kind, "keeper": keeper, "code": code, "diameter": diameter
    }  # fmt: skip
    try:
        entity_id, keeper_id = as_id(entity), as_id(keeper)
        if entity_id is None or keeper_id is None:
            field = "entity" if entity_id is None else "keeper"
            raise InvalidInput(field=field, reason=visit.text("admin-required"))
        signing = visit.runtime.get(SigningService)
        key = signing.sealing.new_key()
        with visit.runtime.database.write() as session:
            signing.create_seal(
                session, visit.person, entity_id=entity_id, name=name.replace("\x00", ""), kind=kind,
                keeper_id=keeper_id, code=code.strip() or None, diameter_mm=_diameter(diameter, kind),
                key=key,
            )  # fmt: skip
    except VermilionError as error:
        field = {"diameter_mm": "diameter"}.get(error.field or "name", error.field or "name")
        return _new(request, visit, typed, {field: visit.translator.error(error)}, error.status)
    return see_other(request, "/admin/seals")


def _diameter(value: str, kind: str) -> float:
    """What was typed, else what is usual for the kind; whether it is possible is judged by signing."""
    try:
        typed = float(value)
    except ValueError:
        return DIAMETERS.get(kind, 42.0)
    return typed if 1 <= typed <= 200 else DIAMETERS.get(kind, 42.0)


def _svg(picture: bytes) -> Response:
    return Response(
        picture,
        media_type="image/svg+xml",
        headers={"Content-Security-Policy": FILE_POLICY, "Cache-Control": "private, max-age=300"},
    )


def _new(
    request: Request, visit: Visit, typed: dict[str, str], errors: dict[str, str], status: int = 200
) -> Response:
    with visit.runtime.database.read() as session:
        entities = session.execute(
            select(LegalEntity.id, LegalEntity.name).where(LegalEntity.is_active).order_by(LegalEntity.name)
        ).all()
        keepers = session.execute(
            select(Person.id, Person.name)
            .join(RoleAssignment, RoleAssignment.person_id == Person.id)
            .where(Person.is_active, RoleAssignment.role == Role.SEAL_KEEPER)
            .distinct()
            .order_by(Person.name)
        ).all()
    first = {"entity": str(entities[0].id) if entities else "", "kind": SealKind.CONTRACT.value}
    return page(
        request, visit, "admin/seal-new.html", status=status, tabs=TABS, errors=errors, entities=entities,
        keepers=keepers, kinds=list(SealKind),
        typed={"name": "", "keeper": "", "code": "", "diameter": "", **first, **typed},
    )  # fmt: skip
