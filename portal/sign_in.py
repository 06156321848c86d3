"""Signing in and out; language and theme for everybody."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request, Response

from core.errors import VermilionError
from core.models import Person
from core.sign_in import SignInService
from portal.frame import Visiting, page, public_pages, see_other
from portal.visit import (
    LANGUAGE_COOKIE,
    SESSION_COOKIE,
    THEME_COOKIE,
    THEMES,
    Visit,
    as_language,
    local_path,
    set_cookie,
)

router = public_pages()


@router.get("/sign-in")
def show_sign_in(request: Request, visit: Visiting, next: str = "/") -> Response:
    """The sign-in form; somebody who is signed in goes on at once."""
    if not visit.is_set_up:
        return see_other(request, "/set-up")
    if visit.principal is not None:
        return see_other(request, local_path(next))
    return page(request, visit, "sign-in.html", next=local_path(next), username="", error=None)


@router.post("/sign-in")
def sign_in(
    request: Request,
    visit: Visiting,
    username: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Open a session. A refusal keeps the user name and says why."""
    service = visit.runtime.get(SignInService)
    try:
        session = service.sign_in(username.strip().lower(), password, visit.address)
    except VermilionError as error:
        return page(
            request, visit, "sign-in.html", status=error.status, next=local_path(next), username=username,
            error=visit.translator.error(error),
        )  # fmt: skip
    answer = see_other(request, local_path(next))
    lifetime = int((session.expires_at - visit.runtime.clock.now()).total_seconds())
    set_cookie(answer, visit.runtime, SESSION_COOKIE, session.token, max_age=lifetime)
    return answer


@router.post("/sign-out")
def sign_out(request: Request, visit: Visiting) -> Response:
    """End the session on this device."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        visit.runtime.get(SignInService).sign_out(token)
    answer = see_other(request, "/sign-in")
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


@router.post("/language")
def choose_language(
    request: Request,
    visit: Visiting,
    language: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Remember the language: in the browser, and with the person who is signed in."""
    answer = see_other(request, local_path(next))
    wanted = as_language(language)
    if wanted is not None:
        set_cookie(answer, visit.runtime, LANGUAGE_COOKIE, wanted)
        _remember(visit, "language", wanted)
    return answer


@router.post("/theme")
def choose_theme(
    request: Request, visit: Visiting, theme: Annotated[str, Form()] = "", next: Annotated[str, Form()] = "/"
) -> Response:
    """Remember the theme: in the browser, and with the person who is signed in."""
    answer = see_other(request, local_path(next))
    if theme in THEMES:
        set_cookie(answer, visit.runtime, THEME_COOKIE, theme)
        _remember(visit, "theme", theme)
    return answer


def _remember(visit: Visit, preference: str, value: str) -> None:
    if visit.principal is None:
        return
    with visit.runtime.database.write() as session:
        setattr(session.get_one(Person, visit.principal.person_id), preference, value)
