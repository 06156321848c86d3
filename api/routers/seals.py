"""``/api/v1/seals`` and ``/api/v1/seal-records``: the company's seals and the register of their use."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response
from sqlalchemy import select

from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Everything
from api.schemas_seals import NewSeal, SealAnswer
from signing.models import Seal
from signing.service import SigningService

seals = router("seals")


@seals.get("", summary="List seals", response_model=Everything[SealAnswer])
def list_seals(runtime: Running) -> Everything[SealAnswer]:
    """All seals of all legal entities, by name. Which one may be used is decided by a case."""
    with runtime.database.read() as session:
        rows = session.scalars(select(Seal).order_by(Seal.name, Seal.id)).all()
    return Everything(items=[SealAnswer.model_validate(row) for row in rows])


@seals.post("", summary="Make a seal", response_model=SealAnswer, status_code=201)
@call(scope="admin")
def create_seal(caller: Calling, runtime: Running, wanted: NewSeal) -> SealAnswer:
    """A seal with its own key and certificate; for administrators."""
    with runtime.database.write() as session:
        made = runtime.get(SigningService).create_seal(
            session,
            caller.principal,
            entity_id=wanted.entity_id,
            name=wanted.name,
            kind=wanted.kind,
            keeper_id=wanted.keeper_id,
            code=wanted.code,
            diameter_mm=wanted.diameter_mm,
        )
    return SealAnswer.model_validate(made)


@seals.get(
    "/{seal_id}/picture",
    summary="Get a seal's picture",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}, "example": "<svg/>"}}}},
)
def seal_picture(runtime: Running, seal_id: UUID) -> Response:
    """The seal as SVG in its true size."""
    return Response(
        runtime.get(SigningService).seal_picture(seal_id),
        media_type="image/svg+xml",
        headers={
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "Cache-Control": "private, max-age=3600",
        },
    )
