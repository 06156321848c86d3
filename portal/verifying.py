"""Verify: put a PDF or OFD in, read what its signatures are worth. Nothing that is put in is kept.

Open without signing in to this machine and the intranet; to the outside only when the setting
``verify_public`` says so.
"""

from __future__ import annotations

import base64
import json
import math
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.types import Message

from core import addresses
from core.errors import VermilionError
from core.permissions import ResourceType, readable
from core.runtime import Runtime
from ingest.errors import FileEmpty, FileTooLarge
from ingest.looking import Compared
from ingest.models import Version
from ingest.service import IngestService
from portal.frame import PublicRoute, Visiting, explain, is_htmx, page
from portal.pace import Pace
from portal.security import protect
from portal.verify_sheets import Behind, behind, likeness, visible_case
from portal.visit import Visit, arrive, strange
from signing.attribution import register_entries, sealed_states
from signing.register import RegisterEntry
from signing.service import SigningService
from signing.source import Source
from signing.verification import Verdict
from signing.verification.states import views
from storage.service import ObjectStore
from workflow.models import Case

_FORM_BYTES: Final = 64 * 1024
"""What a form may weigh around its file."""
_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""Verifying takes processor time, and strangers may ask for it."""
_PATIENCE: Final = 20.0
_STRANGERS: Final = Pace(most=30, seconds=60)
"""Files of one address, without signing in: a person checks fewer, a program that tries things more."""
_WIDTH: Final = 400


class VerifyNotPublic(VermilionError):
    """The page is closed to callers from outside who are not signed in."""

    code = "verify-not-public"
    status = 403


class VerifyTooOften(VermilionError):
    """Somebody who is not signed in asks too often. Context: ``wait_seconds``."""

    code = "verify-too-often"
    status = 429


class VerifyBusy(VermilionError):
    """Too many files are being verified at once."""

    code = "verify-busy"
    status = 503


class VerifyRoute(PublicRoute):
    """A page that is near-public: nearness, and the size of what is sent, are judged before it is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            runtime: Runtime = request.app.state.runtime
            try:
                await run_in_threadpool(require_near, request, runtime)
                most = runtime.settings.upload_max_bytes + _FORM_BYTES
                limited = _Limited(request, most, runtime.settings.upload_max_bytes)
                request = Request(request.scope, limited.receive)
                if request.method == "POST":
                    await request.form()  # here, where a limit that is passed still has its own name
            except VermilionError as error:
                visit = await run_in_threadpool(arrive, request, runtime)
                return protect(await explain(request, visit, error), visit)
            except Exception as error:
                return protect(await explain(request, strange(request, runtime), error))
            return await answer(request)

        return guarded


class _Limited:
    """Passes a body on and stops it at its limit, whatever was announced. Raises FileTooLarge."""

    def __init__(self, request: Request, most: int, limit: int) -> None:
        self._receive = request.receive
        self._left = most
        self._limit = limit
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > most:
            raise FileTooLarge(limit=limit // 1024**2)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise FileTooLarge(limit=self._limit // 1024**2)
        return message


router = APIRouter(route_class=VerifyRoute, include_in_schema=False)


@dataclass(frozen=True)
class Checked:
    """A file and what it is worth, for the page. ``facts`` is the JSON of ``vermilion verify``.

    ``is_ours``: the archive holds these very bytes.
    """

    name: str
    sentence: str
    facts: dict[str, Any]
    is_ours: bool
    pictures: tuple[Compared, ...] = ()
    entries: dict[int, RegisterEntry] = field(default_factory=dict)


@router.get("/verify")
def show_verify(request: Request, visit: Visiting) -> Response:
    """The drop zone."""
    return page(request, visit, "verify.html", **_shown(visit))


@router.post("/verify")
def verify(request: Request, visit: Visiting, file: Annotated[UploadFile | None, File()] = None) -> Response:
    """Check one file. A script gets the verdict alone, others the whole page."""
    template = "parts/verdict.html" if is_htmx(request) else "verify.html"
    try:
        _count(visit)
        with _sent(visit, file) as source:
            checked = check(visit, file.filename or "" if file else "", source)
    except VermilionError as error:
        if error.status >= 500 and not isinstance(error, VerifyBusy):
            raise
        message = visit.translator.error(error)
        return page(
            request, visit, template, status=200 if is_htmx(request) else error.status,
            **_shown(visit, error=message),
        )  # fmt: skip
    return page(request, visit, template, **_shown(visit, checked))


@router.post("/verify/report")
def verification_report(
    request: Request, visit: Visiting, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """The findings as a PDF that this installation signs."""
    _count(visit)
    name = file.filename or "" if file else ""
    signing = visit.runtime.get(SigningService)
    with _sent(visit, file) as source:
        verdict = _judge(visit, source)
        entries = _entries(visit, source, verdict)
    pdf = signing.verification_report(
        verdict,
        name,
        visit.language,
        organisation=visit.organisation,
        entries={number: f"{one.seal_name} {one.number}" for number, one in entries.items()},
    )
    title = quote(visit.text("verification-report"))
    disposition = f"attachment; filename=\"report.pdf\"; filename*=UTF-8''{title}.pdf"
    return Response(pdf, media_type="application/pdf", headers={"Content-Disposition": disposition})


@router.get("/verify/{token}")
def verify_archived(
    request: Request,
    visit: Visiting,
    token: str,
    sheet: Annotated[int | None, Query(ge=1, le=10_000)] = None,
) -> Response:
    """What the QR code on a printed approval sheet leads to: what the archive's own copy is worth now.

    Who is not signed in learns the verdict; who may see the case gets the whole of it.
    """
    _count(visit)
    found = behind(visit, token, sheet)
    with visit.runtime.database.read() as session:
        visible = visible_case(visit, session, found.case)
    with visit.runtime.get(ObjectStore).copied(found.digest) as path, Source.opened(path) as source:
        checked = check(visit, f"{found.case.serial_number}.pdf" if visible else "", source)
    shown = _shown(visit, checked, token=token, case=visible, found=found)
    return page(request, visit, "verify.html", **shown)


@router.post("/verify/{token}")
def compare_with_archived(
    request: Request, visit: Visiting, token: str, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Whether a file is the sheet of the code: its newest state, an earlier one, or something else."""
    template = "parts/verdict.html" if is_htmx(request) else "verify.html"
    try:
        _count(visit)
        found = behind(visit, token, None)
        with _sent(visit, file) as source:
            checked = check(visit, file.filename or "" if file else "", source)
    except VermilionError as error:
        if error.status >= 500 and not isinstance(error, VerifyBusy):
            raise
        return page(
            request, visit, template, status=200 if is_htmx(request) else error.status,
            **_shown(visit, error=visit.translator.error(error), token=token),
        )  # fmt: skip
    with visit.runtime.database.read() as session:
        like = likeness(session, found, checked.facts["sha256"])
        visible = visible_case(visit, session, found.case)
    shown = _shown(visit, checked, token=token, likeness=like, case=visible, found=found)
    return page(request, visit, template, **shown)


def _shown(
    visit: Visit,
    checked: Checked | None = None,
    *,
    error: str | None = None,
    case: Case | None = None,
    token: str | None = None,
    likeness: str | None = None,
    found: Behind | None = None,
) -> dict[str, Any]:
    # What the archive holds is told to those who may see it; a code alone gives the verdict.
    is_archives_own = token is not None and likeness is None
    return {
        "token": token,
        "likeness": likeness,
        "is_brief": is_archives_own and case is None,
        "checked": checked,
        "error": error,
        "case": case,
        "sheets": found.tabs(visit) if found else [],
        "chain": found.chain if found and likeness is None else "",
        "report": report_of(checked) if checked else None,
        "png": png,
        "shown_time": lambda text: visit.formats.moment(datetime.fromisoformat(text)),
    }


def require_near(request: Request, runtime: Runtime) -> None:
    """Raise VerifyNotPublic unless the caller is near, signed in, or everybody is welcome."""
    visit = arrive(request, runtime)
    if runtime.settings.verify_public or visit.principal is not None or not visit.is_set_up:
        return
    is_forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    # A web server in front of us would make the whole world local: without its name in the settings
    # a forwarded request comes from nowhere near.
    is_by_stranger = is_forwarded and not runtime.settings.trusted_proxies.strip()
    if is_by_stranger or not addresses.is_intranet(visit.address):
        raise VerifyNotPublic()


def check(visit: Visit, name: str, source: Source) -> Checked:
    """Verify a file against our own roots, with pictures of what was changed. Raises VerifyBusy."""
    verdict = _judge(visit, source)
    facts = verdict.to_json(name, visit.language)
    return Checked(
        name,
        verdict.sentence(visit.language),
        facts,
        _is_seen_in_archive(visit, facts["sha256"]),
        tuple(visit.runtime.get(IngestService).before_and_after(source, views(verdict), _WIDTH)),
        _entries(visit, source, verdict),
    )


def _judge(visit: Visit, source: Source) -> Verdict:
    if not _AT_ONCE.acquire(timeout=_PATIENCE):
        raise VerifyBusy()
    try:
        return visit.runtime.get(SigningService).verify(source)
    finally:
        _AT_ONCE.release()


def _is_seen_in_archive(visit: Visit, digest: str) -> bool:
    """Whether the archive holds these bytes in a document that the person may see; strangers are not told."""
    if visit.principal is None:
        return False
    with visit.runtime.database.read() as session:
        known = session.scalar(
            select(Version.id)
            .where(
                Version.digest == digest,
                readable(visit.principal, ResourceType.DOCUMENT, Version.document_id),
            )
            .limit(1)
        )
    return known is not None


def _entries(visit: Visit, source: Source, verdict: Verdict) -> dict[int, RegisterEntry]:
    if visit.principal is None:
        return {}
    states = sealed_states(source, verdict)
    with visit.runtime.database.read() as session:
        return register_entries(session, visit.principal, states)


def _count(visit: Visit) -> None:
    """Raise VerifyTooOften when somebody who is not signed in asks too often."""
    if visit.principal is None and (wait := _STRANGERS.take(visit.address, time.monotonic())) > 0:
        raise VerifyTooOften(wait_seconds=math.ceil(wait))


@contextmanager
def _sent(visit: Visit, file: UploadFile | None) -> Iterator[Source]:
    """What was sent, where the server put it: a large file is not read into memory."""
    if file is None:
        raise FileEmpty()
    with Source.held(file.file) as source:
        if not source.size:
            raise FileEmpty()
        if source.size > visit.runtime.settings.upload_max_bytes:
            raise FileTooLarge(limit=visit.runtime.settings.upload_max_bytes // 1024**2)
        yield source


def png(picture: bytes) -> str:
    """A picture as an address that holds the picture itself."""
    return "data:image/png;base64," + base64.b64encode(picture).decode()


def report_of(checked: Checked) -> str:
    """The technical facts as an address that downloads them: nothing is kept to fetch them from."""
    text = json.dumps(checked.facts, ensure_ascii=False, indent=2)
    return f"data:application/json;charset=utf-8,{quote(text)}"
