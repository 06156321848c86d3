"""The internal certificate authority: its own certificates and keys, issuing, and revocation lists.

Keys of the authority are wrapped by the master key and unwrapped once in a process.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database, insert_unless_there
from core.errors import NotFound
from core.masterkey import MasterKey
from core.models import Organisation
from core.settings import Settings
from signing import pki
from signing.errors import AuthorityNotReady
from signing.models import Certificate, CertificateRole, RevocationList
from signing.pades import SigningKey
from signing.timestamp import InternalTimeStamper

_ORDER: Final = (
    CertificateRole.ROOT,
    CertificateRole.ISSUING,
    CertificateRole.TSA,
    CertificateRole.SERVICE,
)
_FRESH: Final = timedelta(minutes=10)
"""A revocation list older than this is renewed before it becomes evidence."""
_RENEW_BEFORE: Final = timedelta(days=pki.CRL_DAYS) / 2
_FILES: Final = {
    "root.crt": (CertificateRole.ROOT, "application/pkix-cert"),
    "issuing.crt": (CertificateRole.ISSUING, "application/pkix-cert"),
    "root.crl": (CertificateRole.ROOT, "application/pkix-crl"),
    "issuing.crl": (CertificateRole.ISSUING, "application/pkix-crl"),
}


@dataclass(frozen=True)
class Member:
    """One certificate of the authority itself, with its key."""

    id: UUID
    certificate: x509.Certificate
    key: pki.PrivateKey

    @property
    def asn1(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self.certificate.public_bytes(Encoding.DER))


class Authority:
    """Issues certificates and revocation lists. Safe for many threads and processes."""

    def __init__(self, database: Database, master_key: MasterKey, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._master_key = master_key
        self._clock = clock
        self._settings = settings
        self._members: dict[CertificateRole, Member] = {}
        self._stamper: tuple[Member, InternalTimeStamper] | None = None
        self._loading = threading.Lock()

    def set_up(self, organisation_name: str, is_demo: bool) -> None:
        """Make root, issuing authority, time-stamp authority and service certificate, once."""
        with self._database.write() as session:
            there = set(session.scalars(select(Certificate.role).where(Certificate.role.in_(_ORDER))))
            if there:
                return
            unit = "DEMO 演示" if is_demo else None
            made: dict[CertificateRole, tuple[Certificate, pki.PrivateKey]] = {}
            for role in _ORDER:
                made[role] = self._make_member(session, role, organisation_name, unit, made)
            for role in (CertificateRole.ROOT, CertificateRole.ISSUING):
                row, key = made[role]
                self._write_crl(session, row, x509.load_der_x509_certificate(row.der), key)
            audit.record(
                session,
                self._clock.now(),
                None,
                "authority.created",
                "certificate",
                made[CertificateRole.ROOT][0].id,
                {"organisation": organisation_name, "demo": is_demo},
            )

    def _make_member(
        self,
        session: Session,
        role: CertificateRole,
        organisation: str,
        unit: str | None,
        made: dict[CertificateRole, tuple[Certificate, pki.PrivateKey]],
    ) -> tuple[Certificate, pki.PrivateKey]:
        now, key = self._clock.now(), pki.new_key()
        names = {
            CertificateRole.ROOT: "Vermilion Root CA",
            CertificateRole.ISSUING: "Vermilion Issuing CA",
            CertificateRole.TSA: "Vermilion Time-stamp Authority",
            CertificateRole.SERVICE: "Vermilion Approval Sheets",
        }
        common_name = f"DEMO {names[role]}" if unit else names[role]
        identity = pki.Identity(common_name, organisation, unit)
        issuer_row: Certificate | None = None
        if role is CertificateRole.ROOT:
            certificate = pki.make_root(identity, key, now)
        else:
            above = CertificateRole.ROOT if role is CertificateRole.ISSUING else CertificateRole.ISSUING
            issuer_row, issuer_key = made[above]
            issuer = self._issuer(above, x509.load_der_x509_certificate(issuer_row.der), issuer_key)
            make = {
                CertificateRole.ISSUING: pki.make_issuing,
                CertificateRole.TSA: pki.make_tsa,
                CertificateRole.SERVICE: pki.make_signer,
            }[role]
            certificate = make(identity, key, issuer, now)
        row = _row(certificate, role, issuer_row.id if issuer_row else None)
        row.wrapped_key = self._master_key.wrap(pki.key_to_der(key), purpose=f"authority {role.value}")
        session.add(row)
        session.flush()
        return row, key

    def _issuer(
        self, role: CertificateRole, certificate: x509.Certificate, key: pki.PrivateKey
    ) -> pki.Issuer:
        name = "root" if role is CertificateRole.ROOT else "issuing"
        base = f"{self._settings.effective_public_url}/pki/{name}"
        return pki.Issuer(certificate, key, f"{base}.crl", f"{base}.crt")

    def member(self, role: CertificateRole) -> Member:
        """A certificate of the authority with its key. Raises AuthorityNotReady before the set-up."""
        with self._loading:
            if role not in self._members:
                with self._database.read() as session:
                    row = session.scalar(
                        select(Certificate)
                        .where(Certificate.role == role, Certificate.revoked_at.is_(None))
                        .order_by(Certificate.not_before.desc())
                    )
                if row is None or row.wrapped_key is None:
                    raise AuthorityNotReady(reason="set-up")
                der = self._master_key.unwrap(row.wrapped_key, purpose=f"authority {role.value}")
                self._members[role] = Member(
                    row.id, x509.load_der_x509_certificate(row.der), pki.key_from_der(der)
                )
            return self._members[role]

    def issue(
        self, session: Session, role: CertificateRole, identity: pki.Identity, key: pki.PrivateKey
    ) -> Certificate:
        """Certify a person or a seal, and publish a new list: one older than a certificate says nothing
        about it."""
        member = self.member(CertificateRole.ISSUING)
        issuer = self._issuer(CertificateRole.ISSUING, member.certificate, member.key)
        certificate = pki.make_signer(
            identity, key, issuer, self._clock.now(), is_seal=role is CertificateRole.SEAL
        )
        row = _row(certificate, role, member.id)
        session.add(row)
        session.flush()
        self.publish_crl(session, CertificateRole.ISSUING)
        return row

    def identity(self, session: Session, common_name: str, organisation: str, serial: str) -> pki.Identity:
        """An identity below this organisation, marked where it is a demo."""
        found = session.get(Organisation, 1)
        is_demo = found is not None and found.is_demo
        return pki.Identity(common_name, organisation, "DEMO 演示" if is_demo else None, serial)

    def revoke(self, session: Session, certificate_id: UUID, reason: x509.ReasonFlags) -> None:
        """Revoke a certificate from now on and publish the list."""
        row = session.get(Certificate, certificate_id)
        if row is None:
            raise NotFound(what="certificate")
        if row.revoked_at is None:
            row.revoked_at = self._clock.now()
            row.revocation_reason = reason.value
            session.flush()
            self.publish_crl(session, CertificateRole.ISSUING)

    def publish_crl(self, session: Session, role: CertificateRole) -> None:
        """Issue the next revocation list of ``role``."""
        member = self.member(role)
        row = session.get_one(Certificate, member.id)
        self._write_crl(session, row, member.certificate, member.key)

    def _write_crl(
        self, session: Session, row: Certificate, certificate: x509.Certificate, key: pki.PrivateKey
    ) -> None:
        now = self._clock.now()
        revoked = session.execute(
            select(Certificate.serial_number, Certificate.revoked_at, Certificate.revocation_reason).where(
                Certificate.issuer_id == row.id, Certificate.revoked_at.is_not(None)
            )
        ).all()
        entries = [
            (int(serial, 16), at, x509.ReasonFlags(reason or "unspecified"))
            for serial, at, reason in revoked
            if at is not None
        ]
        empty = {"issuer_id": row.id, "number": 0, "der": b"", "this_update": now, "next_update": now}
        insert_unless_there(session, RevocationList, [empty])
        stored = session.scalars(
            select(RevocationList).where(RevocationList.issuer_id == row.id).with_for_update()
        ).one()
        number = stored.number + 1
        crl = pki.make_crl(certificate, key, number, entries, now)
        stored.number, stored.der = number, crl.public_bytes(Encoding.DER)
        stored.this_update, stored.next_update = crl.last_update_utc, crl.next_update_utc or now
        session.flush()

    def renew_crls(self, older_than: timedelta = _RENEW_BEFORE) -> None:
        """Publish anew the lists that are older; opens its own transaction only when one is."""
        limit = self._clock.now() - older_than
        with self._database.read() as session:
            old = set(
                session.scalars(select(RevocationList.issuer_id).where(RevocationList.this_update < limit))
            )
        if not old:
            return
        with self._database.write() as session:
            for role in (CertificateRole.ROOT, CertificateRole.ISSUING):
                if self.member(role).id in old:
                    self.publish_crl(session, role)

    def evidence(self) -> tuple[list[asn1_x509.Certificate], list[bytes]]:
        """Certificates and fresh revocation lists (DER) that any of our signatures is judged with."""
        self.renew_crls(_FRESH)
        with self._database.read() as session:
            crls = list(session.scalars(select(RevocationList.der)))
        roles = (CertificateRole.ROOT, CertificateRole.ISSUING, CertificateRole.TSA)
        return [self.member(role).asn1 for role in roles], crls

    def timestamper(self) -> InternalTimeStamper:
        """The built-in time-stamp authority; what is constant in its tokens is encoded once."""
        member, stamper = self.member(CertificateRole.TSA), self._stamper
        if stamper is None or stamper[0] is not member:
            stamper = member, InternalTimeStamper(member.asn1, member.key, self._clock, self.chain())
            self._stamper = stamper
        return stamper[1]

    def chain(self) -> tuple[asn1_x509.Certificate, ...]:
        """What goes into a signature beside the signer's own certificate."""
        return (self.member(CertificateRole.ISSUING).asn1,)

    def service_key(self) -> SigningKey:
        """The key that certifies approval sheets."""
        member = self.member(CertificateRole.SERVICE)
        return SigningKey(member.asn1, member.key, self.chain())

    def check_ready(self, session: Session) -> None:
        """Raise AuthorityNotReady unless every certificate and list is good now and the time-stamp
        authority issues."""
        now = self._clock.now()
        for role in _ORDER:
            certificate = self.member(role).certificate
            if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
                raise AuthorityNotReady(reason=f"{role.value} {certificate.not_valid_after_utc.date()}")
        ends = session.scalars(select(RevocationList.next_update)).all()
        if len(ends) < 2 or min(ends) <= now:
            raise AuthorityNotReady(reason="crl")
        try:
            self.timestamper().stamp(bytes(32), "sha256")
        except (ValueError, OSError) as error:
            raise AuthorityNotReady(reason="time-stamp") from error

    def file(self, session: Session, name: str) -> tuple[str, bytes]:
        """Media type and bytes of ``root.crt``, ``issuing.crt``, ``root.crl`` or ``issuing.crl``."""
        if name not in _FILES:
            raise NotFound(what=name)
        role, media_type = _FILES[name]
        row = session.scalar(select(Certificate).where(Certificate.role == role))
        if row is None:
            raise NotFound(what=name)
        if name.endswith(".crt"):
            return media_type, row.der
        return media_type, session.get_one(RevocationList, row.id).der


def _row(certificate: x509.Certificate, role: CertificateRole, issuer_id: UUID | None) -> Certificate:
    not_before: datetime = certificate.not_valid_before_utc
    return Certificate(
        role=role,
        subject=certificate.subject.rfc4514_string()[:300],
        serial_number=f"{certificate.serial_number:x}",
        issuer_id=issuer_id,
        der=certificate.public_bytes(Encoding.DER),
        not_before=not_before,
        not_after=certificate.not_valid_after_utc,
    )
