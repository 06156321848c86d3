"""PKCS#11 tokens of people: an administrator assigns one, its person takes a key of it into use."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import File, Form, Request, Response, UploadFile

from core.errors import VermilionError
from portal.admin_people import show_one
from portal.administration import admin_pages
from portal.fields import uploaded
from portal.frame import Visiting, pages, see_other
from portal.outside import show_certificate
from signing.importing import MOST_BYTES
from signing.service import SigningService

router = pages()
admin_router = admin_pages()


@router.post("/me/certificate/token")
def take_key(
    request: Request,
    visit: Visiting,
    token: Annotated[str, Form(max_length=100)] = "",
    key: Annotated[str, Form(max_length=500)] = "",
    token_pin: Annotated[str, Form(max_length=200)] = "",
    pin: Annotated[str, Form(max_length=200)] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Sign with a key in a token from now on; the token's PIN opens it."""
    try:
        data = uploaded(file, MOST_BYTES, needed=False)
        visit.runtime.get(SigningService).take_slot(visit.person, token, key, token_pin, pin, data)
    except VermilionError as error:
        errors = {f"{error.field or 'token'}-{token}": visit.translator.error(error)}
        return show_certificate(request, visit, errors, error.status, chosen=key)
    return see_other(request, "/me/certificate?done=yes")


@admin_router.post("/admin/people/{person_id}/tokens")
def assign(
    request: Request, visit: Visiting, person_id: UUID, token: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """Assign a token to a person; that alone opens nothing."""
    try:
        visit.runtime.get(SigningService).person_slots.assign(visit.person, person_id, token)
    except VermilionError as error:
        errors = {"token": visit.translator.error(error)}
        return show_one(request, visit, person_id, errors=errors, status=error.status, token=token)
    return see_other(request, f"/admin/people/{person_id}#tokens")


@admin_router.post("/admin/people/{person_id}/tokens/end")
def take_back(
    request: Request, visit: Visiting, person_id: UUID, token: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """Take a token back: nobody signs with it any more."""
    visit.runtime.get(SigningService).person_slots.take_back(visit.person, person_id, token)
    return see_other(request, f"/admin/people/{person_id}#tokens")
