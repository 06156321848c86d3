"""What a seal signs with, and offering it another key. Deciding is on the page of the change."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import File, Form, Request, Response, UploadFile
from sqlalchemy.orm import Session

from core.errors import InvalidInput, NotFound, SettingUnusable, VermilionError
from core.pkcs11 import TokenUnavailable
from portal.fields import uploaded
from portal.frame import Visiting, page, see_other
from portal.seals import plain, seal_of, seal_pages
from portal.visit import Visit
from signing import seal_powers
from signing.importing import MOST_BYTES
from signing.models import Certificate, Seal
from signing.seal_keys import Offer, from_file, from_slot
from signing.service import SigningService

router = seal_pages()


@router.get("/seals/{seal_id}/key")
def show_key(request: Request, visit: Visiting, seal_id: UUID) -> Response:
    """The present certificate, and the ways to another key."""
    return _key_page(request, visit, seal_id, {}, "")


@router.post("/seals/{seal_id}/key")
def offer_key(
    request: Request,
    visit: Visiting,
    seal_id: UUID,
    kind: Annotated[str, Form()] = "",
    reason: Annotated[str, Form(max_length=500)] = "",
    file: Annotated[UploadFile | None, File()] = None,
    password: Annotated[str, Form(max_length=500)] = "",
    label: Annotated[str, Form(max_length=200)] = "",
    own_certificate: Annotated[str, Form()] = "",
) -> Response:
    """Ask that the seal signs with another key; somebody else has to agree."""
    signing = visit.runtime.get(SigningService)
    with visit.runtime.database.read() as session:
        _offerable(session, visit, seal_id)
    try:
        data = uploaded(file, MOST_BYTES, needed=kind == "file")
        offer = _offer(signing, kind, data, password, label, own_certificate == "yes")
        with visit.runtime.database.write() as session:
            change = signing.seal_life.offer_key(session, visit.person, seal_id, offer, plain(reason))
    except NotFound:
        raise
    except VermilionError as error:
        field = "password" if error.context.get("reason") == "password" else error.field or "act"
        errors = {field: visit.translator.error(error)}
        return _key_page(request, visit, seal_id, errors, reason, error.status)
    return see_other(request, f"/seals/changes/{change.id}?after=asked")


def _offer(
    signing: SigningService, kind: str, data: bytes, password: str, label: str, own_certificate: bool
) -> Offer:
    if kind == "file":
        return from_file(data, password)
    if kind == "slot":
        return from_slot(signing.slots.look(label), own_certificate=own_certificate)
    if kind == "new":
        return signing.sealing.keys.new_offer()
    raise InvalidInput(field="kind", reason="file, slot, new")


def _offerable(session: Session, visit: Visit, seal_id: UUID) -> Seal:
    """The seal, where the reader may offer it a key. Raises NotFound."""
    seal = seal_of(session, seal_id)
    if not seal_powers.may_offer_key(visit.person, seal):
        raise NotFound(what="change")
    return seal


def _key_page(
    request: Request, visit: Visit, seal_id: UUID, errors: dict[str, str], reason: str, status: int = 200
) -> Response:
    signing = visit.runtime.get(SigningService)
    with visit.runtime.database.read() as session:
        seal = _offerable(session, visit, seal_id)
        certificate = session.get_one(Certificate, seal.certificate_id)
    return page(
        request, visit, "seals/key.html", status=status, seal=seal, certificate=certificate,
        slots=_slots(signing), errors=errors, reason=reason,
    )  # fmt: skip


def _slots(signing: SigningService) -> list[Any]:
    """The keys in the token; none where there is no token, or it is away."""
    try:
        return list(signing.slots.found())
    except (SettingUnusable, TokenUnavailable):
        return []
