"""``/api/v1/seals`` and ``/api/v1/seal-records``: the company's seals and the register of their use."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import File, Form, Query, Response, UploadFile
from sqlalchemy import select

from api.limits import read_small
from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Everything
from api.schemas_seals import (
    NewSeal,
    NewSealChange,
    NewSealKey,
    SealAnswer,
    SealChangeAnswer,
    SealFace,
    SealScanAnswer,
)
from ingest.service import IngestService
from signing import seal_powers
from signing.importing import MOST_BYTES
from signing.models import Seal
from signing.seal_changes import ChangeKind, Outcome
from signing.seal_facts import SealFacts
from signing.seal_keys import Offer, from_file, from_slot
from signing.seal_life import ChangeLine
from signing.service import SigningService
from workflow import seal_scans

seals = router("seals")
_DRAWING: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/svg+xml": {"schema": {"type": "string"}, "example": "<svg/>"}}}
}
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"


@seals.get("", summary="List seals", response_model=Everything[SealAnswer])
def list_seals(runtime: Running) -> Everything[SealAnswer]:
    """All seals of all legal entities, by name. Which one may be used is decided by a case."""
    with runtime.database.read() as session:
        rows = session.scalars(select(Seal).order_by(Seal.name, Seal.id)).all()
    return Everything(items=[SealAnswer.model_validate(row) for row in rows])


@seals.post("", summary="Apply for a seal", response_model=SealChangeAnswer, status_code=202)
def apply_for_seal(caller: Calling, runtime: Running, wanted: NewSeal) -> SealChangeAnswer:
    """Somebody else has to agree: `POST /seals/changes/{id}/agree`. Then its keeper takes it over."""
    people = {"auditor_id": wanted.auditor_id, "user_ids": tuple(wanted.user_ids)}
    facts = _facts(wanted, wanted.name, wanted.keeper_id, **people)
    with runtime.database.write() as session:
        life = runtime.get(SigningService).seal_life
        change = life.apply(session, caller.principal, facts, wanted.reason)
        return _change(life.line(session, caller.principal, change.id))


@seals.post("/scans", summary="Take in a seal's print", response_model=SealScanAnswer, status_code=201)
@call(takes_files=True)
def take_scan(
    caller: Calling,
    runtime: Running,
    file: Annotated[
        UploadFile, File(description="One print on white paper: a picture, or a PDF's first page.")
    ],
) -> SealScanAnswer:
    """The paper is taken away, the red stays. Look at it with `POST /seals/preview`, then apply with it.

    A print that nobody applied with is given up after a day.
    """
    ingest, signing = runtime.get(IngestService), runtime.get(SigningService)
    return SealScanAnswer.model_validate(seal_scans.take(ingest, signing, caller.principal, file.file))


@seals.post(
    "/preview", summary="Preview a seal", response_class=Response, responses=_DRAWING, status_code=200
)
@call(scope="read")
def preview_seal(caller: Calling, runtime: Running, wanted: SealFace) -> Response:
    """A seal that does not exist yet as SVG, just as it would be made."""
    seal_powers.require_asker(caller.principal)
    signing = runtime.get(SigningService)
    with runtime.database.read() as session:
        if wanted.picture_digest:
            signing.scans.own(session, caller.principal, wanted.picture_digest)
        return _svg(signing.preview_seal(session, _facts(wanted, "", caller.principal.person_id)))


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


@seals.get("/changes/{change_id}", summary="Get a change of a seal", response_model=SealChangeAnswer)
def get_change(caller: Calling, runtime: Running, change_id: UUID) -> SealChangeAnswer:
    """What was asked for, by whom and why, and how it was decided."""
    with runtime.database.read() as session:
        life = runtime.get(SigningService).seal_life
        return _change(life.line(session, caller.principal, change_id))


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
    seal_powers.require_part(caller.principal)
    offer = from_file(read_small(file, MOST_BYTES), password)
    return _offer(caller, runtime, seal_id, offer, reason)


@seals.post(
    "/{seal_id}/keys", summary="Offer a seal another key", response_model=SealChangeAnswer, status_code=202
)
def offer_key(caller: Calling, runtime: Running, seal_id: UUID, wanted: NewSealKey) -> SealChangeAnswer:
    """A key in the PKCS#11 token, or a fresh one of our own. Somebody else has to agree."""
    sealing = runtime.get(SigningService).sealing
    seal_powers.require_part(caller.principal)
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
    signing.decide_seal_change(caller.principal, change_id, decision)
    with runtime.database.read() as session:
        return _change(signing.seal_life.line(session, caller.principal, change_id))


def _change(line: ChangeLine) -> SealChangeAnswer:
    change = line.change
    return SealChangeAnswer(
        id=change.id,
        seal_id=change.seal_id,
        seal_name=line.seal_name,
        kind=ChangeKind(change.kind),
        reason=change.reason,
        detail=change.detail,
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
    responses=_DRAWING,
)
def seal_picture(runtime: Running, seal_id: UUID) -> Response:
    """The seal as SVG in its true size."""
    return _svg(runtime.get(SigningService).seal_picture(seal_id))


def _svg(picture: bytes) -> Response:
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "private, max-age=3600"}
    return Response(picture, media_type="image/svg+xml", headers=headers)


def _facts(wanted: SealFace, name: str, keeper_id: UUID, **people: Any) -> SealFacts:
    return SealFacts(
        wanted.entity_id,
        name,
        wanted.kind,
        keeper_id,
        wanted.code,
        wanted.diameter_mm,
        wanted.height_mm,
        wanted.inscription,
        wanted.picture_digest,
        **people,
    )
