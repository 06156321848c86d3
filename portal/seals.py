"""The company's seals: the list, one seal with its history, asking for a change, and deciding one."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import InvalidInput, NotFound, VermilionError
from core.models import LegalEntity, Person, Role, RoleAssignment
from core.permissions import is_valid_on
from portal.fields import as_id
from portal.frame import SignedInRoute, Visiting, page, see_other
from portal.navigation import READS_REGISTER
from portal.notices import look_at
from portal.security import PICTURE_POLICY
from portal.visit import Visit
from signing import seal_powers
from signing.models import Certificate, Seal, SealChange, SealRecord
from signing.seal_changes import ChangeKind, Outcome
from signing.seal_facts import SealFacts
from signing.seal_life import RESOURCE, ChangeLine
from signing.service import SigningService

DECISIONS: Final = ("agree", "refuse", "withdraw")


def _partakes(visit: Visiting) -> None:
    """Raise Forbidden unless the reader governs, keeps or audits seals."""
    seal_powers.require_part(visit.person)


def seal_pages() -> APIRouter:
    """A router for pages of those who have a part in the life of seals."""
    return APIRouter(route_class=SignedInRoute, include_in_schema=False, dependencies=[Depends(_partakes)])


router = seal_pages()


@router.get("/seals")
def list_seals(request: Request, visit: Visiting) -> Response:
    """What waits for consent, and every seal with its picture, keeper and uses."""
    life = visit.runtime.get(SigningService).seal_life
    with visit.runtime.database.read() as session:
        rows = session.execute(
            select(Seal, LegalEntity.name, Person.name)
            .join(LegalEntity, LegalEntity.id == Seal.entity_id)
            .join(Person, Person.id == Seal.keeper_id)
            .order_by(LegalEntity.name, Seal.name)
        ).all()
        counted = select(SealRecord.seal_id, func.count()).group_by(SealRecord.seal_id)
        uses = dict(session.execute(counted).all())
        waiting = life.lines(session, visit.person, is_open=True)
    return page(
        request, visit, "seals/list.html", seals=rows, uses=uses, waiting=waiting,
        may_apply=_may_apply(visit), governs=visit.person.has(Role.ADMINISTRATOR),
    )  # fmt: skip


@router.get("/seals/changes/{change_id}")
def show_change(request: Request, visit: Visiting, change_id: UUID) -> Response:
    """What somebody asked for: here the second person decides."""
    return _change_page(request, visit, change_id)


@router.post("/seals/changes/{change_id}")
def decide(
    request: Request, visit: Visiting, change_id: UUID, decision: Annotated[str, Form()] = ""
) -> Response:
    """Agree to it, refuse it, or take it back."""
    if decision not in DECISIONS:
        raise NotFound(what="decision")
    try:
        visit.runtime.get(SigningService).decide_seal_change(visit.person, change_id, decision)
    except VermilionError as error:
        if error.status == 404:
            raise
        return _change_page(request, visit, change_id, visit.translator.error(error), error.status)
    return see_other(request, f"/seals/changes/{change_id}?after={decision}")


@router.get("/seals/changes/{change_id}/picture.svg")
def change_picture(visit: Visiting, change_id: UUID) -> Response:
    """The seal that a change is about; one that is applied for as it would be made."""
    signing = visit.runtime.get(SigningService)
    with visit.runtime.database.read() as session:
        change = signing.seal_life.line(session, visit.person, change_id).change
        if change.seal_id is None:
            return svg(signing.preview_seal(session, SealFacts.from_json(change.detail["facts"])))
    return svg(signing.seal_picture(change.seal_id))


@router.get("/seals/{seal_id}")
def show_seal(request: Request, visit: Visiting, seal_id: UUID) -> Response:
    """One seal: its facts, who has which part in it, what happened to it, what may be asked for."""
    with visit.runtime.database.read() as session:
        seal = seal_of(session, seal_id)
        lines = visit.runtime.get(SigningService).seal_life.lines(session, visit.person, seal_id=seal_id)
        context: dict[str, Any] = {
            "entity": session.get_one(LegalEntity, seal.entity_id).name,
            "certificate": session.get_one(Certificate, seal.certificate_id),
            "names": names(session, [seal.keeper_id, seal.auditor_id, *seal.user_ids]),
            "uses": session.scalar(
                select(func.count()).select_from(SealRecord).where(SealRecord.seal_id == seal_id)
            ),
        }
    waits = next((line for line in lines if line.change.decided_at is None), None)
    return page(
        request, visit, "seals/one.html", seal=seal, lines=lines, waits=waits,
        askable=[] if waits else seal_powers.askable(visit.person, seal),
        may_offer_key=not waits and seal_powers.may_offer_key(visit.person, seal),
        reads_register=any(visit.person.has(role) for role in READS_REGISTER),
        governs=visit.person.has(Role.ADMINISTRATOR), **context,
    )  # fmt: skip


@router.get("/seals/{seal_id}/ask")
def show_ask(request: Request, visit: Visiting, seal_id: UUID, kind: str = "") -> Response:
    """The form for one kind of change, with what it means."""
    return _ask_page(request, visit, seal_id, kind, None, {})


@router.post("/seals/{seal_id}/ask")
def ask(
    request: Request,
    visit: Visiting,
    seal_id: UUID,
    kind: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    keeper: Annotated[str, Form()] = "",
    auditor: Annotated[str, Form()] = "",
    users: Annotated[str, Form()] = "",
) -> Response:
    """Ask for a change; somebody else decides it."""
    typed = {"reason": reason, "keeper": keeper, "auditor": auditor, "users": users}
    if kind not in set(ChangeKind):
        raise NotFound(what="change")
    life = visit.runtime.get(SigningService).seal_life
    try:
        with visit.runtime.database.write() as session:
            change = life.ask(
                session,
                visit.person,
                seal_id,
                ChangeKind(kind),
                plain(reason),
                keeper_id=as_id(keeper),
                auditor_id=as_id(auditor),
                user_ids=users_named(session, visit, users) if kind == ChangeKind.PEOPLE else (),
            )
    except VermilionError as error:
        if error.status == 404 and error.field is None:
            raise
        errors = {error.field or "ask": said(visit, error)}
        return _ask_page(request, visit, seal_id, kind, typed, errors, error.status)
    return see_other(request, f"/seals/changes/{change.id}?after=asked")


def svg(picture: bytes) -> Response:
    """A picture of a seal as an answer."""
    headers = {"Content-Security-Policy": PICTURE_POLICY, "Cache-Control": "private, max-age=300"}
    return Response(picture, media_type="image/svg+xml", headers=headers)


def said(visit: Visit, error: VermilionError) -> str:
    """An error beside its field, without the field's name in a program."""
    if isinstance(error, InvalidInput):
        return visit.text("seals-wrong", reason=str(error.context.get("reason", "")))
    return visit.translator.error(error)


def plain(text: str) -> str:
    """Typed words without what no database takes."""
    return text.replace("\x00", "").strip()


def holders(session: Session, visit: Visit, role: Role) -> list[tuple[UUID, str]]:
    """Id and name of everybody who holds a role now, by name."""
    today = visit.runtime.clock.now().astimezone(visit.runtime.settings.zone).date()
    rows = session.execute(
        select(Person, RoleAssignment)
        .join(RoleAssignment, RoleAssignment.person_id == Person.id)
        .where(Person.is_active, RoleAssignment.role == role)
        .order_by(Person.name, Person.id)
    ).all()
    return list({one.id: (one.id, one.name) for one, held in rows if is_valid_on(held, today)}.values())


def users_named(session: Session, visit: Visit, text: str) -> tuple[UUID, ...]:
    """The people whose user names stand in a field, separated by spaces or commas. Raises InvalidInput."""
    wanted = list(dict.fromkeys(plain(text).replace(",", " ").replace("，", " ").replace("、", " ").split()))
    found = dict(session.execute(select(Person.username, Person.id).where(Person.username.in_(wanted))).all())
    unknown = [one for one in wanted if one not in found]
    if unknown:
        raise InvalidInput(field="users", reason=visit.text("seals-users-unknown", names=", ".join(unknown)))
    return tuple(found[one] for one in wanted)


def names(session: Session, ids: list[UUID | str | None]) -> dict[str, str]:
    """Names of people by their id as text."""
    wanted = {UUID(str(one)) for one in ids if one}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))
    return {str(person_id): name for person_id, name in rows}


def _may_apply(visit: Visit) -> bool:
    return any(visit.person.has(role) for role in seal_powers.ASKERS)


def seal_of(session: Session, seal_id: UUID) -> Seal:
    """A seal by its id. Raises NotFound."""
    found = session.get(Seal, seal_id)
    if found is None:
        raise NotFound(what="seal")
    return found


def _ask_page(
    request: Request,
    visit: Visit,
    seal_id: UUID,
    kind: str,
    typed: dict[str, str] | None,
    errors: dict[str, str],
    status: int = 200,
) -> Response:
    with visit.runtime.database.read() as session:
        seal = seal_of(session, seal_id)
        if kind not in seal_powers.askable(visit.person, seal) and not errors:
            raise NotFound(what="change")
        keepers = [one for one in holders(session, visit, Role.SEAL_KEEPER) if one[0] != seal.keeper_id]
        auditors = [one for one in holders(session, visit, Role.AUDITOR) if one[0] != seal.keeper_id]
        users = session.scalars(
            select(Person.username).where(Person.id.in_([UUID(one) for one in seal.user_ids]))
        ).all()
        keeper = session.get_one(Person, seal.keeper_id).name
    stands = {"reason": "", "keeper": "", "auditor": str(seal.auditor_id or ""), "users": ", ".join(users)}
    return page(
        request, visit, "seals/ask.html", status=status, seal=seal, kind=kind, keepers=keepers, keeper=keeper,
        auditors=auditors, typed=typed or stands, errors=errors,
    )  # fmt: skip


def _change_page(
    request: Request, visit: Visit, change_id: UUID, problem: str = "", status: int = 200
) -> Response:
    life = visit.runtime.get(SigningService).seal_life
    with visit.runtime.database.read() as session:
        line = life.line(session, visit.person, change_id)
        seal = session.get(Seal, line.change.seal_id) if line.change.seal_id else None
        waits_for = life.waits_for(session, visit.person, change_id)
        facts = _facts(line)
        detail = line.change.detail
        entity_id = facts.entity_id if facts else seal.entity_id if seal else None
        people = [detail.get(one) for one in ("keeper_id", "from_id", "auditor_id")]
        people += detail.get("user_ids", [])
        people += [facts.keeper_id, facts.auditor_id, *facts.user_ids] if facts else []
        people += [seal.keeper_id, seal.auditor_id, *seal.user_ids] if seal else []
        context: dict[str, Any] = {
            "entity": session.get_one(LegalEntity, entity_id).name if entity_id else "",
            "names": names(session, people),
            "next": _next(session, line.change),
        }
    if line.change.decided_at is not None:
        look_at(visit, RESOURCE, change_id)
    after = request.query_params.get("after", "")
    return page(
        request, visit, "seals/change.html", status=status, line=line, seal=seal, facts=facts,
        waits_for=waits_for, problem=problem, outcome=line.change.outcome or "open",
        after=after if after in (*DECISIONS, "asked") else "", **context,
    )  # fmt: skip


def _facts(line: ChangeLine) -> SealFacts | None:
    """What was applied for, where it is an application."""
    if line.change.kind != ChangeKind.CREATE:
        return None
    return SealFacts.from_json(line.change.detail["facts"])


def _next(session: Session, change: SealChange) -> SealChange | None:
    """The taking over that an agreed application waits for now."""
    if change.kind != ChangeKind.CREATE or change.outcome != Outcome.AGREED:
        return None
    return session.scalars(select(SealChange).where(SealChange.open_for == change.seal_id)).one_or_none()
