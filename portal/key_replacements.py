"""New keys for forgotten PINs: the owner's wish, a second person's consent, and stopping it."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response

from core.errors import VermilionError
from portal.frame import Visiting, page, pages, see_other
from portal.visit import Visit
from signing.service import SigningService

router = pages()


@router.get("/key-replacements")
def show(request: Request, visit: Visiting) -> Response:
    """One's own replacement, and those that one may consent to."""
    return _show(request, visit)


@router.post("/key-replacements")
def ask(request: Request, visit: Visiting) -> Response:
    """The owner wishes for a new key."""
    try:
        visit.runtime.get(SigningService).replacements.ask(visit.person)
    except VermilionError as error:
        return _show(request, visit, error)
    return see_other(request, "/key-replacements")


@router.post("/key-replacements/{person_id}/consent")
def consent(request: Request, visit: Visiting, person_id: UUID) -> Response:
    """A second person consents."""
    try:
        visit.runtime.get(SigningService).replacements.consent(visit.person, person_id)
    except VermilionError as error:
        return _show(request, visit, error)
    return see_other(request, "/key-replacements")


@router.post("/key-replacements/{person_id}/stop")
def stop(request: Request, visit: Visiting, person_id: UUID) -> Response:
    """The owner, or a second person, ends it."""
    try:
        visit.runtime.get(SigningService).replacements.stop(visit.person, person_id)
    except VermilionError as error:
        return _show(request, visit, error)
    return see_other(request, "/key-replacements")


def _show(request: Request, visit: Visit, error: VermilionError | None = None) -> Response:
    replacements = visit.runtime.get(SigningService).replacements
    with visit.runtime.database.read() as session:
        mine = replacements.of(session, visit.person.person_id)
        others = replacements.waiting_for(session, visit.person)
        has_pin = visit.runtime.get(SigningService).has_credential(session, visit.person.person_id)
    return page(
        request,
        visit,
        "key-replacements.html",
        status=error.status if error is not None else 200,
        mine=mine,
        others=others,
        has_pin=has_pin,
        hours=visit.runtime.settings.key_replacement_hours,
        error=visit.translator.error(error) if error is not None else "",
    )
