"""The server's side of a root that lives offline: asking it, taking in what it answers, moving it there.

What an answer brings is checked whole before anything is kept: it is for the open request, the
certificate is over our key and says what it has to say, the root is ours, and its list forgets nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import audit, notices
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput
from core.masterkey import MasterKey
from core.models import Organisation
from core.permissions import Principal
from core.settings import Settings
from signing import pki, revocation, root_folder
from signing.authority import Authority
from signing.certificates import Certificates, require_administrator
from signing.errors import RequestUnfit
from signing.keys import PublicKey, fitting_hash, same_key
from signing.members import AuthorityEntry, file_name, request_purpose
from signing.models import Certificate, CertificateRequest, CertificateRole, RevocationList
from signing.renewing import identity_of, is_root_needed
from signing.root_papers import Answer, Request, Revoked, read_answer, write_request

LIST_SOON: Final = timedelta(days=30)
"""So long before the root's list ends, people are told to fetch the next one."""
_CLOCKS: Final = timedelta(minutes=10)
"""How far the clock of the offline machine may be ahead of ours."""
_WORTH_IT: Final = timedelta(days=366)
"""An issuing authority that ends sooner is of no use."""
_REMINDED_DAYS: Final = (30, 14, 7, 3, 1)


@dataclass(frozen=True)
class Standing:
    """How it stands with the offline root. ``open_number`` is that of the request that waits."""

    is_offline: bool
    root: str | None  # SHA-256 of its certificate
    list_until: datetime | None
    open_number: UUID | None
    open_since: datetime | None
    open_wants_issuing: bool
    is_issuing_due: bool


class OfflineRoot:
    """Opens its own transactions: keys and certificates are made outside them."""

    def __init__(
        self,
        database: Database,
        master_key: MasterKey,
        clock: Clock,
        settings: Settings,
        authority: Authority,
        certificates: Certificates,
    ) -> None:
        self._database = database
        self._master_key = master_key
        self._clock = clock
        self._settings = settings
        self._authority = authority
        self._certificates = certificates

    def standing(self, session: Session) -> Standing:
        """How it stands."""
        root, asked = self._root(), _open(session)
        is_offline = root is not None and not root.has_key
        listed = session.get(RevocationList, root.id) if root is not None and is_offline else None
        return Standing(
            is_offline,
            root_folder.fingerprint(root.certificate) if root is not None else None,
            listed.next_update if listed is not None else None,
            asked.id if asked is not None else None,
            asked.made_at if asked is not None else None,
            asked is not None and asked.der is not None,
            is_offline and self._is_needed(),
        )

    def request(
        self, actor: Principal | None, organisation: str = "", *, issuing: bool = False, anew: bool = False
    ) -> bytes:
        """The file with which the offline root is asked.

        Before the set-up, and where the issuing authority is due or ``issuing`` is given, for a
        certificate and a list; else for a list. Asking again gives the open request again, with what was
        revoked meanwhile; ``anew`` gives it up. Raises Forbidden, InvalidInput, RequestUnfit (root-here).
        """
        require_administrator(actor)
        root = self._root()
        if root is not None and root.has_key:
            raise RequestUnfit(reason="root-here")
        wants = issuing or root is None or self._is_needed()
        key = self._authority.new_key(CertificateRole.ISSUING) if wants else None
        with self._database.write() as session:
            asked = None if anew else _open(session)
            if asked is None or (wants and asked.der is None):
                asked = self._ask(session, actor, root, organisation, key)
            return write_request(self._to_paper(session, asked, root))

    def _ask(
        self,
        session: Session,
        actor: Principal | None,
        root: AuthorityEntry | None,
        organisation: str,
        key: pki.PrivateKey | None,
    ) -> CertificateRequest:
        """Enter a request; an open one is given up, and its key forgotten."""
        session.execute(delete(CertificateRequest).where(CertificateRequest.answered_at.is_(None)))
        now = self._clock.now()
        asked = CertificateRequest(made_at=now)
        session.add(asked)
        session.flush()
        if key is not None:
            identity = identity_of(root.certificate) if root else self._first(session, organisation)
            named = self._authority.next_identity(session, CertificateRole.ISSUING, identity)
            asked.der = _signing_request(named, key).public_bytes(Encoding.DER)
            asked.wrapped_key = self._master_key.wrap(pki.key_to_der(key), purpose=request_purpose(asked.id))
        session.flush()
        audit.record(
            session, now, actor.person_id if actor else None, "authority.root_asked", "request", asked.id,
            {"issuing": key is not None},
        )  # fmt: skip
        return asked

    def _first(self, session: Session, organisation: str) -> pki.Identity:
        found = session.get(Organisation, 1)
        name = " ".join((found.name if found else organisation).split())
        if not 1 <= len(name) <= 200:
            raise InvalidInput(field="name", reason="1–200")
        return self._authority.organisation_identity(session, name, found is not None and found.is_demo)

    def _to_paper(self, session: Session, asked: CertificateRequest, root: AuthorityEntry | None) -> Request:
        name = root.name if root is not None else file_name(CertificateRole.ROOT, 1)
        listed = session.get(RevocationList, root.id) if root is not None else None
        base = self._settings.effective_pki_url
        return Request(
            asked.id,
            asked.made_at,
            root_folder.fingerprint(root.certificate) if root is not None else None,
            x509.load_der_x509_csr(asked.der) if asked.der is not None else None,
            f"{base}/{name}.crl",
            f"{base}/{name}.crt",
            listed.number if listed is not None else 0,
            tuple(Revoked(*one) for one in revocation.entries(session, root.id)) if root is not None else (),
        )

    def install(self, actor: Principal | None, data: bytes, root_sha256: str = "") -> UUID | None:
        """Take in an answer. Returns the id of the new issuing certificate, None where only a list came.

        The first root has to be named by the SHA-256 of its certificate, as the offline machine showed
        it. Raises Forbidden, RequestUnfit; then nothing was changed.
        """
        require_administrator(actor)
        answer, now = read_answer(data), self._clock.now()
        with self._database.write() as session:
            asked = session.scalars(
                select(CertificateRequest).where(CertificateRequest.answered_at.is_(None)).with_for_update()
            ).one_or_none()
            if asked is None:
                raise RequestUnfit(field="file", reason="no-request")
            if asked.id != answer.number:
                raise RequestUnfit(field="file", reason="other-key")
            root = self._root()
            _check_root(answer, root.certificate if root else None, root_sha256, now)
            paper = self._to_paper(session, asked, root)
            _check_certificate(answer, paper, now)
            _check_list(answer, paper, now)
            made = self._keep(session, asked, answer, root, now)
            asked.answered_at, asked.wrapped_key = now, None
            audit.record(
                session, now, actor.person_id if actor else None, "authority.answer_installed", "request",
                asked.id,
                {
                    "root": root_folder.fingerprint(answer.root),
                    "issuing": str(made) if made else None,
                    "list": _number(answer.revocation_list),
                },
            )  # fmt: skip
            for code in ("root-list-ending", "root-issuing-due"):
                notices.settle(session, now, code, "certificate", self._root_id(session))
        self._authority.members.forget()
        if made is not None:
            self._certificates.renew_due()  # what the new authority certifies first
        return made

    def _keep(
        self,
        session: Session,
        asked: CertificateRequest,
        answer: Answer,
        root: AuthorityEntry | None,
        now: datetime,
    ) -> UUID | None:
        authority = self._authority
        if root is None:
            root_id = authority.keep_member(session, CertificateRole.ROOT, answer.root, None, None).id
        else:
            root_id = root.id
        if not revocation.take_list(session, root_id, answer.revocation_list, now):
            raise RequestUnfit(field="file", reason="older")
        if answer.certificate is None or asked.wrapped_key is None:
            return None
        der = self._master_key.unwrap(asked.wrapped_key, purpose=request_purpose(asked.id))
        key = pki.key_from_der(der)
        row = authority.keep_member(session, CertificateRole.ISSUING, answer.certificate, key, root_id)
        revocation.write_list(session, row.id, answer.certificate, key, now)
        return row.id

    def move(self, folder: Path, passphrase: str) -> str:
        """Move the root's key out of the server into a folder; returns its certificate's SHA-256.

        For the command line only: the key leaves the server by no network. The folder is written and
        opened again before the key leaves the database. Raises RequestUnfit (root-away, exists,
        passphrase-short, other-key).
        """
        root = self._authority.members.newest(CertificateRole.ROOT)
        if root is None:
            raise RequestUnfit(reason="root-away")
        now = self._clock.now()
        with self._database.read() as session:
            listed, entries = session.get_one(RevocationList, root.id), revocation.entries(session, root.id)
        until = now + timedelta(days=root_folder.LIST_DAYS)
        crl = pki.make_crl(root.certificate, root.key, listed.number + 1, entries, now, until)
        root_folder.put(folder, root.certificate, root.key, crl, passphrase)
        with self._database.write() as session:
            row = session.scalars(
                select(Certificate).where(Certificate.id == root.id).with_for_update()
            ).one()
            is_same = row.wrapped_key == root.wrapped and revocation.entries(session, root.id) == entries
            if not is_same or not revocation.take_list(session, root.id, crl, now):
                raise RequestUnfit(reason="changed")
            row.wrapped_key = None
            digest = root_folder.fingerprint(root.certificate)
            audit.record(session, now, None, "authority.root_moved", "certificate", root.id, {"root": digest})
        self._authority.members.forget()
        self._authority.members.entries()
        return digest

    def remind(self) -> None:
        """Tell the administrators, in time, that the root has to be asked: for a list, or for a successor
        of the issuing authority."""
        with self._database.read() as session:
            found = self.standing(session)
        if not found.is_offline or found.list_until is None:
            return
        left = found.list_until - self._clock.now()
        if left.days in _REMINDED_DAYS:
            self._tell("root-list-ending", found.list_until)
        if found.is_issuing_due:
            issuing = self._authority.members.newest(CertificateRole.ISSUING)
            if issuing is not None:
                self._tell("root-issuing-due", issuing.certificate.not_valid_after_utc)

    def _tell(self, code: str, end: datetime) -> None:
        day = end.astimezone(self._settings.zone).date().isoformat()
        with self._database.write() as session:
            people, about = self._certificates.administrators(session), self._root_id(session)
            notices.tell(session, self._clock.now(), people, code, "certificate", about, {"day": day})

    def _root_id(self, session: Session) -> UUID:
        return session.scalars(
            select(Certificate.id)
            .where(Certificate.role == CertificateRole.ROOT)
            .order_by(Certificate.not_before.desc())
            .limit(1)
        ).one()

    def _is_needed(self) -> bool:
        return is_root_needed(self._authority.members, self._clock.now())

    def _root(self) -> AuthorityEntry | None:
        roots = [one for one in self._authority.members.entries() if one.role is CertificateRole.ROOT]
        return roots[-1] if roots else None


def lacks(session: Session, listed: RevocationList) -> bool:
    """Whether the list at hand of an offline root does not name yet what was revoked here."""
    crl = x509.load_der_x509_crl(listed.der)
    return any(
        crl.get_revoked_certificate_by_serial_number(serial) is None
        for serial, _at, _reason in revocation.entries(session, listed.issuer_id)
    )


def _open(session: Session) -> CertificateRequest | None:
    return session.scalars(
        select(CertificateRequest).where(CertificateRequest.answered_at.is_(None)).limit(1)
    ).one_or_none()


def _signing_request(identity: pki.Identity, key: pki.PrivateKey) -> x509.CertificateSigningRequest:
    """PKCS#10 (RFC 2986) that asks for what the issuing certificate has to say."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(identity.to_name())
    for value in pki.issuing_extensions():
        builder = builder.add_extension(value, critical=True)
    return builder.sign(key, fitting_hash(key))


def _check_root(answer: Answer, known: x509.Certificate | None, root_sha256: str, now: datetime) -> None:
    """The root is the one that is installed; the first is named by whoever saw it made."""
    root = answer.root
    if known is not None:
        if root != known:
            raise RequestUnfit(field="file", reason="not-ours")
        return
    wanted = "".join(root_sha256.split()).replace(":", "").lower()
    if wanted != root_folder.fingerprint(root):
        raise RequestUnfit(field="root_sha256", reason="fingerprint")
    if answer.certificate is None:
        raise RequestUnfit(field="file", reason="no-certificate")
    _check_authority(root, root, 1)
    if root.not_valid_after_utc - now < _WORTH_IT:
        raise RequestUnfit(field="file", reason="expired")


def _check_authority(certificate: x509.Certificate, issuer: x509.Certificate, below: int) -> None:
    """Signed by its issuer, may certify and issue lists, for at least ``below`` authorities below it."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception as error:  # InvalidSignature, ValueError, TypeError, unknown algorithms
        raise RequestUnfit(field="file", reason="broken-signature") from error
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    except (x509.ExtensionNotFound, ValueError) as error:
        raise RequestUnfit(field="file", reason="constraints") from error
    length = basic.value.path_length
    may = basic.value.ca and basic.critical and usage.value.key_cert_sign and usage.value.crl_sign
    if not may or (length is not None and length < below):
        raise RequestUnfit(field="file", reason="constraints")


def _check_certificate(answer: Answer, asked: Request, now: datetime) -> None:
    """The issuing certificate is over our key, under our name, says what it has to, and is good now."""
    certificate, wanted = answer.certificate, asked.signing_request
    if wanted is None and certificate is None:
        return
    if wanted is None or certificate is None:
        raise RequestUnfit(field="file", reason="no-certificate" if certificate is None else "other-key")
    ours, theirs = wanted.public_key(), certificate.public_key()
    is_ours = isinstance(ours, PublicKey) and isinstance(theirs, PublicKey) and same_key(ours, theirs)
    if not is_ours or certificate.subject != wanted.subject:
        raise RequestUnfit(field="file", reason="other-key")
    _check_authority(certificate, answer.root, 0)
    found = certificate.extensions
    try:
        length = found.get_extension_for_class(x509.BasicConstraints).value.path_length
        key_id = found.get_extension_for_class(x509.SubjectKeyIdentifier).value
        addresses = _addresses(found)
    except (x509.ExtensionNotFound, ValueError) as error:
        raise RequestUnfit(field="file", reason="constraints") from error
    if length != 0 or key_id != x509.SubjectKeyIdentifier.from_public_key(theirs):
        raise RequestUnfit(field="file", reason="constraints")
    if addresses != (asked.list_url, asked.certificate_url):
        raise RequestUnfit(field="file", reason="addresses")
    if certificate.not_valid_before_utc > now + _CLOCKS:
        raise RequestUnfit(field="file", reason="not-yet")
    if certificate.not_valid_after_utc - now < _WORTH_IT:
        raise RequestUnfit(field="file", reason="expired")


def _addresses(extensions: x509.Extensions) -> tuple[str, str]:
    """Where the list and the issuer's certificate are. Raises ValueError, ExtensionNotFound."""
    points = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    lists = [name.value for point in points for name in point.full_name or ()]
    issuers = [
        one.access_location.value
        for one in access
        if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS
    ]
    if len(lists) != 1 or len(issuers) != 1:
        raise ValueError("not one address each")
    return str(lists[0]), str(issuers[0])


def _check_list(answer: Answer, asked: Request, now: datetime) -> None:
    """The root's own list, whole, newer than ours, good now, and naming all that we know as revoked."""
    crl = answer.revocation_list
    key = answer.root.public_key()
    if not isinstance(key, PublicKey) or crl.issuer != answer.root.subject or not crl.is_signature_valid(key):
        raise RequestUnfit(field="file", reason="broken-signature")
    if any(one.oid.dotted_string in ("2.5.29.27", "2.5.29.28") for one in crl.extensions):
        raise RequestUnfit(field="file", reason="partial-list")
    try:
        number = _number(crl)
    except (x509.ExtensionNotFound, ValueError) as error:
        raise RequestUnfit(field="file", reason="partial-list") from error
    if number <= asked.list_number:
        raise RequestUnfit(field="file", reason="older")
    if crl.last_update_utc > now + _CLOCKS:
        raise RequestUnfit(field="file", reason="not-yet")
    if crl.next_update_utc is None or crl.next_update_utc - now < timedelta(days=1):
        raise RequestUnfit(field="file", reason="expired")
    if any(crl.get_revoked_certificate_by_serial_number(one.serial) is None for one in asked.revoked):
        raise RequestUnfit(field="file", reason="forgets")
    made = answer.certificate
    if made is not None and crl.get_revoked_certificate_by_serial_number(made.serial_number) is not None:
        raise RequestUnfit(field="file", reason="expired")


def _number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
