"""The set-up page: the first organisation and its administrator, against the code of the terminal."""

from __future__ import annotations

from typing import Annotated, Protocol

from fastapi import Form, Request, Response

from core.errors import Conflict, VermilionError
from portal.frame import Visiting, page, public_pages, see_other
from portal.visit import Visit

router = public_pages()


class FirstStart(Protocol):
    """What the assembly registers for this page."""

    def is_needed(self) -> bool:
        """Whether there is no organisation yet."""
        ...

    def complete(
        self, code: str, organisation_name: str, admin_username: str, admin_name: str, password: str
    ) -> None:
        """Make the organisation and its administrator. Raises what each field may be wrong about."""
        ...


@router.get("/set-up")
def show_set_up(request: Request, visit: Visiting) -> Response:
    """The form; once everything is set up, the sign-in page instead."""
    if not first_start(visit).is_needed():
        return see_other(request, "/sign-in")
    return page(request, visit, "set-up.html", typed={}, errors={})


@router.post("/set-up")
def set_up(
    request: Request,
    visit: Visiting,
    code: Annotated[str, Form()] = "",
    organisation: Annotated[str, Form()] = "",
    username: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    repeated: Annotated[str, Form()] = "",
) -> Response:
    """Set everything up. What was typed stays when something is wrong; passwords and the code do not."""
    typed = {"organisation": organisation, "username": username, "name": name}
    if password != repeated:
        return _refuse(request, visit, typed, "repeated", visit.text("me-not-the-same"))
    try:
        first_start(visit).complete(
            code, organisation.replace("\x00", ""), username, name.replace("\x00", ""), password
        )
    except Conflict as error:
        if error.field is None:
            return see_other(request, "/sign-in")
        return _refuse(request, visit, typed, "username", visit.translator.error(error), error.status)
    except VermilionError as error:
        fields = {"organisation_name": "organisation", "too-many-attempts": "code"}
        field = error.field or error.code
        message = visit.translator.error(error)
        return _refuse(request, visit, typed, fields.get(field, field), message, error.status)
    return see_other(request, "/sign-in")


def first_start(visit: Visit) -> FirstStart:
    """The service behind the page. Raises LookupError when the assembly left it out."""
    return visit.runtime.get(FirstStart)  # type: ignore[type-abstract]


def _refuse(
    request: Request, visit: Visit, typed: dict[str, str], field: str, message: str, status: int = 422
) -> Response:
    return page(request, visit, "set-up.html", status=status, typed=typed, errors={field: message})
