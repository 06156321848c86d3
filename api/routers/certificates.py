"""``/api/v1/certificates``, ``/api/v1/trusted-roots``, ``/api/v1/timestamps``: for administrators."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from fastapi.responses import PlainTextResponse

from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Accepted, Done, Everything
from api.schemas_certificates import (
    ActNote,
    CertificateAnswer,
    NewRoot,
    RemarkAnswer,
    Renewed,
    Revocation,
    RootAnswer,
    WaitingAnswer,
)
from core import outbox
from core.i18n import translator
from core.models import Role
from signing import trust
from signing.certificates import CertificateView, State, to_pem
from signing.models import CertificateRole
from signing.service import SigningService


def administers(caller: Calling) -> None:
    """Only administrators of the whole organisation get further."""
    caller.require_everywhere(Role.ADMINISTRATOR)


certificates = router("certificates", needs=administers)
roots = router("trusted-roots", needs=administers)
timestamps = router("timestamps", needs=administers)


@certificates.get("", summary="List certificates", response_model=Everything[CertificateAnswer])
@call(scope="admin")
def list_certificates(
    caller: Calling,
    runtime: Running,
    role: Annotated[CertificateRole | None, Query(description="Only of this role.")] = None,
    state: Annotated[State | None, Query(description="Only in this state.")] = None,
) -> Everything[CertificateAnswer]:
    """The authority's own first, then those of people and seals, newest first; a thousand at most."""
    service = runtime.get(SigningService).certificates
    rows = service.listed(caller.principal, role=role, state=state)
    return Everything(items=[_answer(row) for row in rows])


@certificates.get("/standing", summary="How the authority stands", response_model=Everything[RemarkAnswer])
@call(scope="admin")
def standing(caller: Calling, runtime: Running) -> Everything[RemarkAnswer]:
    """Lists, certificates and time-stamps that need attention, or that all is well."""
    text = translator(caller.language)
    with runtime.database.read() as session:
        found = runtime.get(SigningService).standing(session)
    return Everything(
        items=[
            RemarkAnswer(code=one.code, level=one.level, message=text.text(f"pki-{one.code}", **one.context))
            for one in found
        ]
    )


@certificates.get("/{certificate_id}", summary="Get a certificate", response_model=CertificateAnswer)
@call(scope="admin")
def get_certificate(caller: Calling, runtime: Running, certificate_id: UUID) -> CertificateAnswer:
    """With the acts that its state allows."""
    return _answer(runtime.get(SigningService).certificates.get(caller.principal, certificate_id))


@certificates.get(
    "/{certificate_id}/chain.pem",
    summary="Download a certificate with its chain",
    response_class=PlainTextResponse,
    responses={200: {"content": {"application/x-pem-file": {"example": "-----BEGIN CERTIFICATE-----"}}}},
)
@call(scope="admin")
def get_chain(caller: Calling, runtime: Running, certificate_id: UUID) -> Response:
    """PEM: the certificate, then each one above it."""
    chain = runtime.get(SigningService).certificates.chain(caller.principal, certificate_id)
    return Response(
        to_pem(chain),
        media_type="application/x-pem-file",
        headers={"Content-Disposition": 'attachment; filename="chain.pem"'},
    )


@certificates.post("/{certificate_id}/revocation", summary="Revoke a certificate", response_model=Done)
@call(scope="admin")
def revoke_certificate(caller: Calling, runtime: Running, certificate_id: UUID, wanted: Revocation) -> Done:
    """For ever; signatures made before stay valid where a time-stamp proves it. A new revocation list
    is out at once. A person enrols anew; what the authority itself needs gets a successor."""
    service = runtime.get(SigningService)
    service.certificates.revoke(caller.principal, certificate_id, wanted.reason, wanted.note)
    service.responder.forget()
    return Done()


@certificates.post("/{certificate_id}/suspension", summary="Suspend a certificate", response_model=Done)
@call(scope="admin")
def suspend_certificate(caller: Calling, runtime: Running, certificate_id: UUID, wanted: ActNote) -> Done:
    """A person's or a seal's: it signs nothing until it is resumed (certificateHold)."""
    service = runtime.get(SigningService)
    service.certificates.suspend(caller.principal, certificate_id, wanted.note)
    service.responder.forget()
    return Done()


@certificates.post(
    "/{certificate_id}/resumption", summary="Resume a suspended certificate", response_model=Done
)
@call(scope="admin")
def resume_certificate(caller: Calling, runtime: Running, certificate_id: UUID, wanted: ActNote) -> Done:
    """It leaves the revocation list and may sign again."""
    service = runtime.get(SigningService)
    service.certificates.resume(caller.principal, certificate_id, wanted.note)
    service.responder.forget()
    return Done()


@certificates.post(
    "/{certificate_id}/renewal", summary="Renew a certificate", response_model=Renewed, status_code=201
)
@call(scope="admin")
def renew_certificate(caller: Calling, runtime: Running, certificate_id: UUID, wanted: ActNote) -> Renewed:
    """A successor from now on. People and seals keep their key, so that nobody needs a new PIN."""
    made = runtime.get(SigningService).certificates.renew(caller.principal, certificate_id, wanted.note)
    return Renewed(id=made)


@roots.get("", summary="List outside roots", response_model=Everything[RootAnswer])
@call(scope="admin")
def list_roots(runtime: Running) -> Everything[RootAnswer]:
    """The roots of others that are trusted, oldest first. Ours are at `/pki/root.crt`."""
    with runtime.database.read() as session:
        rows = trust.outside_roots(session)
    return Everything(items=[RootAnswer.model_validate(row) for row in rows])


@roots.post("", summary="Trust an outside root", response_model=RootAnswer, status_code=201)
@call(scope="admin")
def add_root(caller: Calling, runtime: Running, wanted: NewRoot) -> RootAnswer:
    """For signatures, for time-stamps, or both. Adding it again changes the purpose."""
    with runtime.database.write() as session:
        row = trust.add_root(
            session, runtime.clock, caller.principal.person_id,
            wanted.certificate.encode(), wanted.purpose, wanted.reason,
        )  # fmt: skip
    return RootAnswer.model_validate(row)


@roots.post("/{root_id}/removal", summary="Trust an outside root no longer", response_model=Done)
@call(scope="admin")
def remove_root(caller: Calling, runtime: Running, root_id: UUID, wanted: ActNote) -> Done:
    """What leads to it is judged without it from now on."""
    with runtime.database.write() as session:
        trust.remove_root(session, runtime.clock, caller.principal.person_id, root_id, wanted.note)
    return Done()


@timestamps.get(
    "/waiting", summary="List what waits for a time-stamp", response_model=Everything[WaitingAnswer]
)
@call(scope="admin")
def list_waiting(runtime: Running) -> Everything[WaitingAnswer]:
    """Signed states that no time-stamp authority answered for yet, oldest first; two hundred at most."""
    with runtime.database.read() as session:
        rows = runtime.get(SigningService).waiting.open(session)
        return Everything(items=[WaitingAnswer.model_validate(row) for row in rows])


@timestamps.post("/retry", summary="Ask the authorities again", response_model=Accepted, status_code=202)
@call(scope="admin")
def retry_waiting(runtime: Running) -> Accepted:
    """In the background, for everything that waits."""
    with runtime.database.write() as session:
        outbox.enqueue(
            session, "workflow.finish_timestamps", {}, runtime.clock.now(), key="workflow.finish_timestamps"
        )
    return Accepted()


def _answer(view: CertificateView) -> CertificateAnswer:
    return CertificateAnswer.model_validate(
        {name: getattr(view, name) for name in CertificateAnswer.model_fields}
    )
