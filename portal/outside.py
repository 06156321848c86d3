"""What comes from elsewhere: the offline root's answers, outside authorities' lists, brought certificates."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import File, Form, Request, Response, UploadFile

from core.errors import VermilionError
from portal.administration import TABS, admin_pages
from portal.fields import uploaded
from portal.frame import Visiting, page, pages, see_other
from portal.visit import Visit
from signing.importing import MOST_BYTES
from signing.key_locations import place_of
from signing.outside_lists import MOST_BYTES as MOST_LIST_BYTES
from signing.outside_lists import missing, read_issuers
from signing.root_papers import MOST_BYTES as MOST_PAPER_BYTES
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
    return show_certificate(request, visit, {}, done=done == "yes")


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
        data = uploaded(file, MOST_BYTES)
        visit.runtime.get(SigningService).bring_certificate(visit.person, pin, data, password)
    except VermilionError as error:
        field = "password" if error.context.get("reason") == "password" else error.field or "pin"
        return show_certificate(request, visit, {field: visit.translator.error(error)}, error.status)
    return see_other(request, "/me/certificate?done=yes")


def show_certificate(
    request: Request,
    visit: Visit,
    errors: Errors,
    status: int = 200,
    *,
    done: bool = False,
    chosen: str | None = None,
) -> Response:
    """The page of what the reader signs with; ``chosen`` is the key of a token that they had chosen."""
    signing = visit.runtime.get(SigningService)
    tokens = signing.person_slots.offered(visit.person.person_id)
    with visit.runtime.database.read() as session:
        row = signing.enrolment.certificate_of(session, visit.person.person_id)
        now = visit.runtime.clock.now()
        is_outside = row is not None and row.outside_chain is not None
        unknown = missing(session, row, now) if row is not None and is_outside else []
        replacement = signing.replacements.of(session, visit.person.person_id)
        place = place_of(session, row.id) if row is not None else None
    return page(
        request, visit, "my-certificate.html", status=status, certificate=row, is_outside=is_outside,
        unknown=unknown, errors=errors, done=done, tokens=tokens, place=place, chosen=chosen,
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
        service.offline_root.install(visit.person, uploaded(file, MOST_PAPER_BYTES), root_sha256)
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
        above = uploaded(issuer, MOST_BYTES, needed=False)
        issuers = read_issuers(above) if above else []
        lists = visit.runtime.get(SigningService).outside_lists
        lists.take(visit.person, uploaded(file, MOST_LIST_BYTES), issuers=issuers)
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
