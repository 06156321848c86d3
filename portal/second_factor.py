"""The second factor on pages: asked for beside the PIN, set up and removed under Me, decided by
administrators."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

import segno
from fastapi import Depends, Form, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from core.errors import VermilionError
from portal.administration import admin_pages
from portal.fields import as_id
from portal.frame import Visiting, page, pages, see_other
from portal.visit import Visit
from signing.custody_models import FactorKind
from signing.errors import SecondFactorWrong
from signing.second_factor import MANAGING, POLICIES, Act, NewTotp
from signing.service import SigningService

router = pages()
admin_router = admin_pages()


@dataclass(frozen=True)
class ShownFactor:
    """What a form brought of a second factor."""

    code: str = ""
    question: str = ""
    answer: str = ""


def _shown(
    code: Annotated[str, Form()] = "",
    factor_question: Annotated[str, Form()] = "",
    factor_answer: Annotated[str, Form()] = "",
) -> ShownFactor:
    return ShownFactor(code, factor_question, factor_answer)


Factor = Annotated[ShownFactor, Depends(_shown)]


@dataclass(frozen=True)
class FactorField:
    """What a form with a PIN asks for besides it."""

    is_asked: bool
    has_any: bool = False
    has_passkey: bool = False
    digests: tuple[str, ...] = ()
    error: str = ""


@dataclass
class Done:
    """What the page of factors says after an act."""

    error: str = ""
    status: int = 200
    totp: NewTotp | None = None
    recovery: Sequence[str] = field(default_factory=tuple)


def accept(visit: Visit, shown: ShownFactor, digests: Sequence[str]) -> None:
    """Take what the form brought for these digests; nothing brought is nothing taken.

    Raises what showing raises.
    """
    factors = visit.runtime.get(SigningService).factors
    if shown.code.strip():
        factors.show_code(visit.person.person_id, shown.code, digests)
    elif shown.answer:
        question = as_id(shown.question)
        if question is None:
            raise SecondFactorWrong(field="code")
        factors.show_passkey(visit.person.person_id, question, shown.answer, digests)


def field_of(visit: Visit, digests: Sequence[str], act: Act | None, error: str = "") -> FactorField:
    """What a form asks for; ``act`` None is the change of a factor itself."""
    factors = visit.runtime.get(SigningService).factors
    with visit.runtime.database.read() as session:
        known = factors.list(session, visit.person.person_id)
        is_asked = bool(known) if act is None else factors.is_asked(session, act)
    return FactorField(
        is_asked,
        bool(known),
        any(one.kind == FactorKind.PASSKEY for one in known),
        tuple(digests),
        error,
    )


@router.post("/second-factor/question")
async def question(request: Request, visit: Visiting) -> Response:
    """What the browser asks a passkey, for the digests that are about to be signed."""
    form = await request.form()
    digests = [str(one) for one in form.getlist("digest")]
    return await run_in_threadpool(_question, visit, digests)


def _question(visit: Visit, digests: list[str]) -> Response:
    asked = visit.runtime.get(SigningService).factors.ask_passkey(visit.person.person_id, digests)
    return JSONResponse({"id": str(asked.id), "options": json.loads(asked.options)})


@router.get("/me/second-factors")
def show(request: Request, visit: Visiting) -> Response:
    """The reader's factors."""
    return _show(request, visit, Done())


@router.post("/me/second-factors/totp")
def add_totp(
    request: Request,
    visit: Visiting,
    shown: Factor,
    pin: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    """A fresh secret, shown once as a QR code."""
    signing = visit.runtime.get(SigningService)

    def act() -> Done:
        signing.check_factor_change(visit.person, pin)
        return Done(totp=signing.factors.begin_totp(visit.person, name))

    return _act(request, visit, shown, act)


@router.post("/me/second-factors/totp/{factor_id}")
def confirm_totp(
    request: Request, visit: Visiting, factor_id: UUID, first_code: Annotated[str, Form()] = ""
) -> Response:
    """The first code of a new secret."""
    signing = visit.runtime.get(SigningService)

    def act() -> Done:
        return Done(recovery=signing.factors.confirm_totp(visit.person, factor_id, first_code))

    return _act(request, visit, ShownFactor(), act)


@router.post("/me/second-factors/passkey")
def add_passkey(
    request: Request, visit: Visiting, shown: Factor, pin: Annotated[str, Form()] = ""
) -> Response:
    """What the browser needs to make a passkey (JSON, for the script)."""
    signing = visit.runtime.get(SigningService)
    accept(visit, shown, [MANAGING])
    signing.check_factor_change(visit.person, pin)
    asked = signing.factors.begin_passkey(visit.person)
    return JSONResponse({"id": str(asked.id), "options": json.loads(asked.options)})


@router.post("/me/second-factors/passkey/{question_id}")
def finish_passkey(
    request: Request,
    visit: Visiting,
    question_id: UUID,
    answer: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    """The passkey that the browser made."""
    signing = visit.runtime.get(SigningService)

    def act() -> Done:
        return Done(recovery=signing.factors.finish_passkey(visit.person, question_id, answer, name))

    return _act(request, visit, ShownFactor(), act)


@router.post("/me/second-factors/{factor_id}/removal")
def remove(
    request: Request, visit: Visiting, factor_id: UUID, shown: Factor, pin: Annotated[str, Form()] = ""
) -> Response:
    """Remove a factor, with the PIN and a factor."""
    signing = visit.runtime.get(SigningService)

    def act() -> Done:
        signing.check_factor_change(visit.person, pin)
        signing.factors.remove(visit.person, factor_id)
        return Done()

    return _act(request, visit, shown, act)


@admin_router.get("/admin/signing")
def show_policy(request: Request, visit: Visiting) -> Response:
    """Where the organisation asks for a second factor."""
    with visit.runtime.database.read() as session:
        policy = visit.runtime.get(SigningService).factors.policy(session)
    return page(request, visit, "admin/signing.html", policy=policy, policies=POLICIES)


@admin_router.post("/admin/signing")
def set_policy(request: Request, visit: Visiting, second_factor: Annotated[str, Form()] = "") -> Response:
    """Decide it."""
    with visit.runtime.database.write() as session:
        visit.runtime.get(SigningService).factors.set_policy(session, visit.person, second_factor)
    return see_other(request, "/admin/signing")


def _act(request: Request, visit: Visit, shown: ShownFactor, act: Callable[[], Done]) -> Response:
    try:
        accept(visit, shown, [MANAGING])
        done = act()
    except VermilionError as error:
        done = Done(visit.translator.error(error), error.status)
    return _show(request, visit, done)


def _show(request: Request, visit: Visit, done: Done) -> Response:
    signing = visit.runtime.get(SigningService)
    with visit.runtime.database.read() as session:
        factors = signing.factors.list(session, visit.person.person_id)
        left = signing.factors.recovery_left(session, visit.person.person_id)
        has_pin = signing.has_credential(session, visit.person.person_id)
        policy = signing.factors.policy(session)
    context: dict[str, Any] = {
        "factors": factors,
        "left": left,
        "has_pin": has_pin,
        "policy": policy,
        "done": done,
        "picture": _picture(done.totp.address) if done.totp else "",
        "factor": field_of(visit, [MANAGING], None),
        "errors": {},
    }
    return page(request, visit, "second-factors.html", status=done.status, **context)


def _picture(address: str) -> str:
    target = io.BytesIO()
    segno.make(address, error="m").save(target, kind="svg", scale=5, border=2, xmldecl=False)
    return "data:image/svg+xml;base64," + base64.b64encode(target.getvalue()).decode()
