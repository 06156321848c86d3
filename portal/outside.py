"""What comes from elsewhere: the offline root's answers, outside authorities' lists, brought certificates."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import File, Form, Request, Response, UploadFile
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInput, NotFound, SettingUnusable, VermilionError
from core.pkcs11 import TokenUnavailable
from portal.administration import TABS, admin_pages
from portal.frame import Visiting, page, pages, see_other
from portal.visit import Visit
from signing.importing import MOST_BYTES
from signing.models import Certificate, Seal
from signing.outside_lists import MOST_BYTES as MOST_LIST_BYTES
from signing.outside_lists import missing, read_issuers
from signing.root_papers import MOST_BYTES as MOST_PAPER_BYTES
from signing.seal_keys import Offer, from_file, from_slot
from signing.seal_life import ChangeKind, ChangeLine
from signing.service import SigningService

router = pages()
admin_router = admin_pages()
OFFLINE: Final = "/admin/certificates/offline-root"
LISTS: Final = "/admin/certificates/lists"
Errors = dict[str, str]


# the reader's own certificate


@router.get("/me/certificate")
def show_mine(request: Request, visit: Visiting, done: str = "") -> Response:
    """What the reader signs with, and bringing a certificate of another authority."""
    return _mine(request, visit, {}, done=done == "yes")


@router.post("/me/certificate")
def bring_mine(
    request: Request,
    visit: Visiting,
    file: Annotated[UploadFile | None, File()] = None,
    password: Annotated[str, Form(max_length=500)] = "",
    pin: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Sign with it from now on; the PIN opens it."""
    try:
        data = _bytes(file, MOST_BYTES)
        visit.runtime.get(SigningService).bring_certificate(visit.person, pin, data, password)
    except VermilionError as error:
        field = "password" if error.context.get("reason") == "password" else error.field or "pin"
        return _mine(request, visit, {field: visit.translator.error(error)}, error.status)
    return see_other(request, "/me/certificate?done=yes")


def _mine(
    request: Request, visit: Visit, errors: Errors, status: int = 200, *, done: bool = False
) -> Response:
    signing = visit.runtime.get(SigningService)
    with visit.runtime.database.read() as session:
        row = signing.enrolment.certificate_of(session, visit.person.person_id)
        now = visit.runtime.clock.now()
        is_outside = row is not None and row.outside_chain is not None
        unknown = missing(session, row, now) if row is not None and is_outside else []
        replacement = signing.replacements.of(session, visit.person.person_id)
    return page(
        request, visit, "my-certificate.html", status=status, certificate=row, is_outside=is_outside,
        unknown=unknown, errors=errors, done=done,
        is_new_pin=row is None or (replacement is not None and replacement.state == "ready"),
    )  # fmt: skip


# the offline root


@admin_router.get(OFFLINE)
def show_offline_root(request: Request, visit: Visiting) -> Response:
    """How it stands with the offline root."""
    return _offline(request, visit, {})


@admin_router.post(OFFLINE + "/request")
def ask(
    request: Request,
    visit: Visiting,
    issuing: Annotated[str, Form()] = "",
    anew: Annotated[str, Form()] = "",
) -> Response:
    """The file that is taken to the offline root."""
    try:
        data = visit.runtime.get(SigningService).offline_root.request(
            visit.person, issuing=issuing == "yes", anew=anew == "yes"
        )
    except VermilionError as error:
        return _offline(request, visit, {"request": visit.translator.error(error)}, error.status)
    return Response(
        data,
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="root-request.json"'},
    )


@admin_router.post(OFFLINE + "/answer")
def install(
    request: Request,
    visit: Visiting,
    file: Annotated[UploadFile | None, File()] = None,
    root_sha256: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Take in what the offline root answered."""
    service = visit.runtime.get(SigningService)
    try:
        service.offline_root.install(visit.person, _bytes(file, MOST_PAPER_BYTES), root_sha256)
    except VermilionError as error:
        errors = {error.field or "file": visit.translator.error(error)}
        return _offline(request, visit, errors, error.status)
    service.responder.forget()
    return see_other(request, OFFLINE)


def _offline(request: Request, visit: Visit, errors: Errors, status: int = 200) -> Response:
    with visit.runtime.database.read() as session:
        found = visit.runtime.get(SigningService).offline_root.standing(session)
    return page(
        request, visit, "admin/offline-root.html", status=status, tabs=TABS, standing=found, errors=errors
    )


# lists of outside authorities


@admin_router.get(LISTS)
def show_lists(request: Request, visit: Visiting) -> Response:
    """The lists at hand, what lacks one, and bringing one."""
    return _lists(request, visit, {})


@admin_router.post(LISTS)
def take_list(
    request: Request,
    visit: Visiting,
    file: Annotated[UploadFile | None, File()] = None,
    issuer: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Keep a list that an administrator brings."""
    try:
        above = _bytes(issuer, MOST_BYTES, needed=False)
        issuers = read_issuers(above) if above else []
        lists = visit.runtime.get(SigningService).outside_lists
        lists.take(visit.person, _bytes(file, MOST_LIST_BYTES), issuers=issuers)
    except VermilionError as error:
        return _lists(request, visit, {error.field or "file": visit.translator.error(error)}, error.status)
    return see_other(request, LISTS)


def _lists(request: Request, visit: Visit, errors: Errors, status: int = 200) -> Response:
    signing = visit.runtime.get(SigningService)
    with visit.runtime.database.read() as session:
        lists, gaps = signing.outside_lists.listed(session), signing.outside_lists.gaps(session)
    return page(
        request, visit, "admin/outside-lists.html", status=status, tabs=TABS, lists=lists, gaps=gaps,
        now=visit.runtime.clock.now(), failures=signing.outside_fetching.last_failures,
        has_places=signing.outside_fetching.has_places, errors=errors,
    )  # fmt: skip


# a seal's key


@admin_router.get("/admin/seals/{seal_id}/key")
def show_seal_key(request: Request, visit: Visiting, seal_id: UUID) -> Response:
    """What a seal signs with, and offering it another key."""
    return _seal_key(request, visit, seal_id, {}, "")


@admin_router.post("/admin/seals/{seal_id}/key")
def offer_seal_key(
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
    try:
        offer = _offer(signing, kind, _bytes(file, MOST_BYTES, needed=kind == "file"), password, label,
                       own_certificate == "yes")  # fmt: skip
        with visit.runtime.database.write() as session:
            signing.seal_life.offer_key(session, visit.person, seal_id, offer, reason)
    except NotFound:
        raise
    except VermilionError as error:
        errors = {error.field or "act": visit.translator.error(error)}
        return _seal_key(request, visit, seal_id, errors, reason, error.status)
    return see_other(request, f"/admin/seals/{seal_id}/key")


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


@admin_router.post("/admin/seals/{seal_id}/key/{decision}")
def decide_seal_key(request: Request, visit: Visiting, seal_id: UUID, decision: str) -> Response:
    """Agree to, refuse, or take back the open change of the seal's key."""
    life = visit.runtime.get(SigningService).seal_life
    verbs = {"agree": life.agree, "refuse": life.refuse, "withdraw": life.withdraw}
    if decision not in verbs:
        raise NotFound(what="decision")
    try:
        with visit.runtime.database.write() as session:
            found = _open_change(session, visit, seal_id)
            if found is None:
                raise NotFound(what="seal_change")
            verbs[decision](session, visit.person, found.change.id)
    except NotFound:
        raise
    except VermilionError as error:
        errors = {"act": visit.translator.error(error)}
        return _seal_key(request, visit, seal_id, errors, "", error.status)
    return see_other(request, f"/admin/seals/{seal_id}/key")


def _open_change(session: Session, visit: Visit, seal_id: UUID) -> ChangeLine | None:
    lines = visit.runtime.get(SigningService).seal_life.lines(
        session, visit.person, seal_id=seal_id, is_open=True
    )
    return next((one for one in lines if one.change.kind == ChangeKind.KEY), None)


def _seal_key(
    request: Request, visit: Visit, seal_id: UUID, errors: Errors, reason: str, status: int = 200
) -> Response:
    signing = visit.runtime.get(SigningService)
    with visit.runtime.database.read() as session:
        found = session.execute(
            select(Seal, Certificate)
            .join(Certificate, Certificate.id == Seal.certificate_id)
            .where(Seal.id == seal_id)
        ).one_or_none()
        if found is None:
            raise NotFound(what="seal")
        change = _open_change(session, visit, seal_id)
    return page(
        request, visit, "admin/seal-key.html", status=status, tabs=TABS, seal=found[0],
        certificate=found[1], line=change, slots=_slots(signing), errors=errors, reason=reason,
    )  # fmt: skip


def _slots(signing: SigningService) -> list[Any]:
    """The keys in the token; none where there is no token, or it is away."""
    try:
        return list(signing.slots.found())
    except (SettingUnusable, TokenUnavailable):
        return []


def _bytes(file: UploadFile | None, most: int, *, needed: bool = True) -> bytes:
    """What was uploaded; one byte more than allowed where it is more. Raises InvalidInput."""
    data = file.file.read(most + 1) if file is not None and file.filename else b""
    if needed and not data:
        raise InvalidInput(field="file", reason="–")
    return data
