"""What belongs to the reader: profile, language, theme, signing PIN, password."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Form, Request, Response
from sqlalchemy.orm import Session

from core.errors import VermilionError
from core.models import Department, Person
from core.sign_in import SignInService, binding
from portal.fields import OF_PRESENT_PIN
from portal.frame import Visiting, page, pages, public_pages, see_other
from portal.visit import SESSION_COOKIE, Visit
from signing.key_locations import place_of
from signing.service import SigningService

router = pages()
open_router = public_pages()


@dataclass
class Trouble:
    """What went wrong with one of the forms: messages by field."""

    errors: dict[str, str] = field(default_factory=dict)
    status: int = 200


@router.get("/me")
def show_me(request: Request, visit: Visiting, done: str = "") -> Response:
    """The reader's own page."""
    return _show(request, visit, Trouble(), done=done if done in ("pin", "password") else "")


@router.post("/me/pin")
def set_pin(
    request: Request,
    visit: Visiting,
    old_pin: Annotated[str, Form()] = "",
    new_pin: Annotated[str, Form()] = "",
    repeated_pin: Annotated[str, Form()] = "",
) -> Response:
    """Set the signing PIN, which makes the reader's key and certificate, or change it."""
    if new_pin != repeated_pin:
        return _refuse(request, visit, "repeated_pin", visit.text("me-not-the-same"))
    signing = visit.runtime.get(SigningService)
    with visit.runtime.database.read() as session:
        has_pin = signing.has_credential(session, visit.person.person_id)
        replacement = signing.replacements.of(session, visit.person.person_id)
        is_anew = replacement is not None and replacement.state == "ready"
    try:
        if has_pin and not is_anew:
            signing.change_pin(
                visit.person, old_pin, new_pin, binding(request.cookies.get(SESSION_COOKIE, ""))
            )
        else:
            signing.enrol(visit.person, new_pin)
    except VermilionError as error:
        is_old = has_pin and error.code in OF_PRESENT_PIN
        name = "old_pin" if is_old else "new_pin"
        return _refuse(request, visit, name, visit.translator.error(error), error.status)
    return see_other(request, "/me?done=pin#pin")


@router.post("/me/password")
def change_password(
    request: Request,
    visit: Visiting,
    old_password: Annotated[str, Form()] = "",
    new_password: Annotated[str, Form()] = "",
    repeated_password: Annotated[str, Form()] = "",
) -> Response:
    """Change the password. Every session ends, so the reader signs in again."""
    if new_password != repeated_password:
        return _refuse(request, visit, "repeated_password", visit.text("me-not-the-same"))
    try:
        visit.runtime.get(SignInService).change_password(visit.person.person_id, old_password, new_password)
    except VermilionError as error:
        name = "new_password" if error.field == "password" else "old_password"
        return _refuse(request, visit, name, visit.translator.error(error), error.status)
    answer = see_other(request, "/sign-in?next=/me")
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


@open_router.get("/help")
def show_help(request: Request, visit: Visiting) -> Response:
    """What there is to do here and how."""
    return page(request, visit, "help.html")


def _refuse(request: Request, visit: Visit, name: str, message: str, status: int = 422) -> Response:
    return _show(request, visit, Trouble({name: message}, status))


def _show(request: Request, visit: Visit, trouble: Trouble, done: str = "") -> Response:
    with visit.runtime.database.read() as session:
        person = session.get_one(Person, visit.person.person_id)
        department = session.get_one(Department, person.department_id)
        manager = session.get(Person, person.manager_id) if person.manager_id else None
        has_pin = has_signing_pin(session, visit)
        signing = visit.runtime.get(SigningService)
        replacement = signing.replacements.of(session, visit.person.person_id)
        row = signing.enrolment.certificate_of(session, visit.person.person_id)
        place = place_of(session, row.id) if row is not None else None
    return page(
        request, visit, "me.html", status=trouble.status, profile=person, department=department,
        manager=manager, has_pin=has_pin, replacement=replacement, errors=trouble.errors, done=done,
        place=place,
    )  # fmt: skip


def has_signing_pin(session: Session, visit: Visit) -> bool:
    """Whether the reader can sign yet."""
    return visit.runtime.get(SigningService).has_credential(session, visit.person.person_id)
