"""``/api/v1/seals`` and ``/api/v1/seal-records``: the company's seals and the register of their use."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import File, Form, Query, Response, UploadFile
from sqlalchemy import select

from api.limits import read_upload
from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Everything
from api.schemas_seals import NewSeal, NewSealChange, NewSealKey, SealAnswer, SealChangeAnswer
from signing.models import Seal
from signing.seal_facts import SealFacts
from signing.seal_keys import Offer, from_file, from_slot
from signing.seal_life import ChangeKind, ChangeLine, Outcome, require_part
from signing.service import SigningService

seals = router("seals")


@seals.get("", summary="List seals", response_model=Everything[SealAnswer])
def list_seals(runtime: Running) -> Everything[SealAnswer]:
    """All seals of all legal entities, by name. Which one may be used is decided by a case."""
    with runtime.database.read() as session:
        rows = session.scalars(select(Seal).order_by(Seal.name, Seal.id)).all()
    return Everything(items=[SealAnswer.model_validate(row) for row in rows])


@seals.post("", summary="Apply for a seal", response_model=SealChangeAnswer, status_code=202)
def apply_for_seal(caller: Calling, runtime: Running, wanted: NewSeal) -> SealChangeAnswer:
    """Somebody else has to agree: `POST /seals/changes/{id}/agree`. Then its keeper takes it over."""
    facts = SealFacts(
        wanted.entity_id,
        wanted.name,
        wanted.kind,
        wanted.keeper_id,
        wanted.code,
        wanted.diameter_mm,
        wanted.height_mm,
        wanted.inscription,
        auditor_id=wanted.auditor_id,
        user_ids=tuple(wanted.user_ids),
    )
    with runtime.database.write() as session:
        life = runtime.get(SigningService).seal_life
        change = life.apply(session, caller.principal, facts, wanted.reason)
        return _change(life.line(session, caller.principal, change.id))


@seals.get("/changes", summary="List changes of seals", response_model=Everything[SealChangeAnswer])
def list_changes(
    caller: Calling,
    runtime: Running,
    seal: Annotated[UUID | None, Query(description="Id of the seal.")] = None,
    open: Annotated[bool, Query(description="Only those that wait for consent.")] = False,
) -> Everything[SealChangeAnswer]:
    """The steps in the life of seals, newest first; for who governs, keeps or audits seals."""
    with runtime.database.read() as session:
        lines = runtime.get(SigningService).seal_life.lines(
            session, caller.principal, seal_id=seal, is_open=open
        )
    return Everything(items=[_change(line) for line in lines])


@seals.post(
    "/{seal_id}/changes", summary="Ask for a change", response_model=SealChangeAnswer, status_code=202
)
def ask_for_change(
    caller: Calling, runtime: Running, seal_id: UUID, wanted: NewSealChange
) -> SealChangeAnswer:
    """Suspend, use again, report as lost, destroy, hand over, or change users and auditor.

    A seal that is reported as lost rests at once; all else happens when somebody else agrees.
    """
    with runtime.database.write() as session:
        life = runtime.get(SigningService).seal_life
        change = life.ask(
            session,
            caller.principal,
            seal_id,
            ChangeKind(wanted.kind),
            wanted.reason,
            keeper_id=wanted.keeper_id,
            auditor_id=wanted.auditor_id,
            user_ids=wanted.user_ids,
        )
        return _change(life.line(session, caller.principal, change.id))


@seals.post(
    "/{seal_id}/keys/file",
    summary="Offer a seal a certificate of an outside authority",
    response_model=SealChangeAnswer,
    status_code=202,
)
@call(takes_files=True)
def offer_key_file(
    caller: Calling,
    runtime: Running,
    seal_id: UUID,
    file: Annotated[UploadFile, File(description="PKCS#12 with the key, its certificate and those above.")],
    reason: Annotated[str, Form(min_length=1, max_length=500)],
    password: Annotated[str, Form(max_length=500, description="Of the file.")] = "",
) -> SealChangeAnswer:
    """Somebody else has to agree; until then the seal signs with its present key."""
    require_part(caller.principal)
    offer = from_file(read_upload(file, runtime.settings), password)
    return _offer(caller, runtime, seal_id, offer, reason)


@seals.post(
    "/{seal_id}/keys", summary="Offer a seal another key", response_model=SealChangeAnswer, status_code=202
)
def offer_key(caller: Calling, runtime: Running, seal_id: UUID, wanted: NewSealKey) -> SealChangeAnswer:
    """A key in the PKCS#11 token, or a fresh one of our own. Somebody else has to agree."""
    sealing = runtime.get(SigningService).sealing
    require_part(caller.principal)
    if wanted.label is None:
        offer = sealing.keys.new_offer()
    else:
        offer = from_slot(sealing.slots.look(wanted.label), own_certificate=wanted.own_certificate)
    return _offer(caller, runtime, seal_id, offer, wanted.reason)


def _offer(caller: Calling, runtime: Running, seal_id: UUID, offer: Offer, reason: str) -> SealChangeAnswer:
    life = runtime.get(SigningService).seal_life
    with runtime.database.write() as session:
        change = life.offer_key(session, caller.principal, seal_id, offer, reason)
        return _change(life.line(session, caller.principal, change.id))


@seals.post("/changes/{change_id}/{decision}", summary="Decide a change", response_model=SealChangeAnswer)
def decide_change(
    caller: Calling,
    runtime: Running,
    change_id: UUID,
    decision: Literal["agree", "refuse", "withdraw"],
) -> SealChangeAnswer:
    """Agree to or refuse what somebody else asked for, or take back what the caller asked for."""
    signing = runtime.get(SigningService)
    life = signing.seal_life
    with runtime.database.read() as session:
        makes_one = decision == "agree" and life.needs_key(session, caller.principal, change_id)
    key = signing.sealing.new_key() if makes_one else None
    with runtime.database.write() as session:
        if decision == "agree":
            change = life.agree(session, caller.principal, change_id, key)
        else:
            verb = {"refuse": life.refuse, "withdraw": life.withdraw}[decision]
            change = verb(session, caller.principal, change_id)
        return _change(life.line(session, caller.principal, change.id))


def _change(line: ChangeLine) -> SealChangeAnswer:
    change = line.change
    return SealChangeAnswer(
        id=change.id,
        seal_id=change.seal_id,
        seal_name=line.seal_name,
        kind=ChangeKind(change.kind),
        reason=change.reason,
        asked_by=line.asked_by,
        asked_at=change.asked_at,
        decided_by=line.decided_by,
        decided_at=change.decided_at,
        outcome=Outcome(change.outcome) if change.outcome else None,
        may_agree=line.may_agree,
        may_withdraw=line.may_withdraw,
    )


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
