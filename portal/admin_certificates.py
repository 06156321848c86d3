"""Administration of certificates: how the authority stands, what there is, and acts with a reason."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from cryptography import x509
from fastapi import File, Form, Request, Response, UploadFile
from sqlalchemy import select

from core.errors import InvalidInput, VermilionError
from core.models import AuditEntry, Person
from portal.administration import TABS, admin_pages
from portal.frame import Visiting, page, see_other
from portal.visit import Visit
from signing import trust
from signing.certificates import CertificateView, Reason, State, to_pem
from signing.models import CertificateRole, RootPurpose
from signing.service import SigningService

router = admin_pages()
_MOST_BYTES: Final = 100_000
_NAMES: Final = {
    x509.NameOID.SERIAL_NUMBER: "serialNumber",
    x509.NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier",
}
Act = Literal["renew", "suspend", "resume", "revoke"]


@router.get("/admin/certificates")
def list_certificates(request: Request, visit: Visiting, role: str = "", state: str = "") -> Response:
    """How the authority stands, its own certificates, then those of people and seals."""
    service = visit.runtime.get(SigningService)
    wanted_role = role if role in set(CertificateRole) else None
    wanted_state = state if state in set(State) else None
    with visit.runtime.database.read() as session:
        remarks = service.standing(session)
    return page(
        request, visit, "admin/certificates.html", tabs=TABS, remarks=remarks,
        certificates=service.certificates.listed(visit.person, role=wanted_role, state=wanted_state),
        roles=list(CertificateRole), states=list(State), role=wanted_role or "", state=wanted_state or "",
    )  # fmt: skip


@router.get("/admin/certificates/roots")
def list_roots(request: Request, visit: Visiting) -> Response:
    """The outside roots that are trusted, and adding one."""
    return _roots(request, visit, {}, {})


@router.post("/admin/certificates/roots")
def add_root(
    request: Request,
    visit: Visiting,
    file: Annotated[UploadFile | None, File()] = None,
    purpose: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Trust a root of somebody else."""
    data = file.file.read(_MOST_BYTES) if file is not None else b""
    try:
        with visit.runtime.database.write() as session:
            trust.add_root(session, visit.runtime.clock, visit.person.person_id, data, purpose, reason)
    except VermilionError as error:
        errors = {
            "file" if error.field == "certificate" else error.field or "file": visit.translator.error(error)
        }
        return _roots(request, visit, {"purpose": purpose, "reason": reason}, errors, error.status)
    return see_other(request, "/admin/certificates/roots")


@router.post("/admin/certificates/roots/{root_id}/removal")
def remove_root(
    request: Request, visit: Visiting, root_id: UUID, reason: Annotated[str, Form()] = ""
) -> Response:
    """Trust a root no longer."""
    try:
        with visit.runtime.database.write() as session:
            trust.remove_root(session, visit.runtime.clock, visit.person.person_id, root_id, reason)
    except InvalidInput as error:
        errors = {f"reason-{root_id}": visit.translator.error(error)}
        return _roots(request, visit, {}, errors, error.status)
    return see_other(request, "/admin/certificates/roots")


@router.get("/admin/certificates/{certificate_id}")
def show_certificate(request: Request, visit: Visiting, certificate_id: UUID) -> Response:
    """One certificate, its chain, what was done with it, and what may be done."""
    return _certificate(request, visit, certificate_id, {}, {})


@router.get("/admin/certificates/{certificate_id}/chain.pem")
def download(visit: Visiting, certificate_id: UUID) -> Response:
    """The certificate and those above it."""
    chain = visit.runtime.get(SigningService).certificates.chain(visit.person, certificate_id)
    return Response(
        to_pem(chain),
        media_type="application/x-pem-file",
        headers={"Content-Disposition": 'attachment; filename="chain.pem"'},
    )


@router.post("/admin/certificates/{certificate_id}/{act}")
def do_act(
    request: Request,
    visit: Visiting,
    certificate_id: UUID,
    act: Act,
    note: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    sure: Annotated[str, Form()] = "",
) -> Response:
    """Renew, suspend, resume or revoke; revoking is confirmed, since nothing undoes it."""
    service = visit.runtime.get(SigningService)
    shown = certificate_id
    try:
        if act == "revoke" and sure != "yes":
            raise InvalidInput(field="sure", reason="yes")
        shown = _do(service, visit, certificate_id, act, note, reason)
    except VermilionError as error:
        if error.status == 404:
            raise
        field = error.field if error.field in ("note", "reason", "sure") else "act"
        errors = {f"{act}-{field}" if field != "act" else "act": visit.translator.error(error)}
        typed = {f"{act}-note": note, f"{act}-reason": reason}
        return _certificate(request, visit, certificate_id, typed, errors, error.status)
    service.responder.forget()
    return see_other(request, f"/admin/certificates/{shown}")


def _do(
    service: SigningService, visit: Visit, certificate_id: UUID, act: Act, note: str, reason: str
) -> UUID:
    certificates = service.certificates
    if act == "renew":
        return certificates.renew(visit.person, certificate_id, note)
    if act == "suspend":
        certificates.suspend(visit.person, certificate_id, note)
    elif act == "resume":
        certificates.resume(visit.person, certificate_id, note)
    else:
        certificates.revoke(visit.person, certificate_id, reason, note)
    return certificate_id


def _certificate(
    request: Request,
    visit: Visit,
    certificate_id: UUID,
    typed: dict[str, str],
    errors: dict[str, str],
    status: int = 200,
) -> Response:
    certificates = visit.runtime.get(SigningService).certificates
    view = certificates.get(visit.person, certificate_id)
    return page(
        request, visit, "admin/certificate.html", status=status, tabs=TABS, certificate=view,
        chain=certificates.chain_names(visit.person, certificate_id), history=_history(visit, view),
        subject=_parts(view), reasons=list(Reason), typed=typed, errors=errors,
    )  # fmt: skip


def _parts(view: CertificateView) -> list[tuple[str, str]]:
    """The attributes of the subject with their short names, the most particular first."""
    attributes = list(x509.load_der_x509_certificate(view.der).subject)
    return [(_NAMES.get(one.oid, one.rfc4514_attribute_name), str(one.value)) for one in reversed(attributes)]


def _history(visit: Visit, view: CertificateView) -> list[dict[str, Any]]:
    """The acts on a certificate, oldest first, each with who did it and why."""
    with visit.runtime.database.read() as session:
        rows = session.execute(
            select(AuditEntry, Person.name)
            .outerjoin(Person, Person.id == AuditEntry.actor_id)
            .where(AuditEntry.resource_type == "certificate", AuditEntry.resource_id == view.id)
            .order_by(AuditEntry.sequence)
        ).all()
    return [
        {"at": entry.at, "action": entry.action, "who": name, "note": (entry.payload or {}).get("note", "")}
        for entry, name in rows
    ]


def _roots(
    request: Request, visit: Visit, typed: dict[str, str], errors: dict[str, str], status: int = 200
) -> Response:
    with visit.runtime.database.read() as session:
        rows = trust.outside_roots(session)
    return page(
        request, visit, "admin/roots.html", status=status, tabs=TABS, roots=rows,
        root_purposes=[(one.value, visit.text(f"root-purpose-{one.value}")) for one in RootPurpose],
        typed=typed, errors=errors,
    )  # fmt: skip
