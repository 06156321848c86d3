"""The internal certificate authority: its own certificates and keys, issuing, and revocation lists."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final
from uuid import UUID

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.sign.timestamps import TimeStamper
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.masterkey import MasterKey
from core.models import LegalEntity, Organisation
from core.settings import Settings
from signing import pki
from signing.errors import AuthorityNotReady
from signing.members import AUTHORITIES, AuthorityEntry, Member, Members, file_name, purpose
from signing.models import Certificate, CertificateRequest, CertificateRole, RevocationList
from signing.pades import SigningKey
from signing.revocation import new_row, write_list
from signing.timestamp import InternalTimeStamper
from signing.timestamps.configured import Stampers

_ORDER: Final = (
    CertificateRole.ROOT,
    CertificateRole.ISSUING,
    CertificateRole.TSA,
    CertificateRole.SERVICE,
    CertificateRole.OCSP,
)
_NAMES: Final = {
    CertificateRole.ROOT: "Vermilion Root CA",
    CertificateRole.ISSUING: "Vermilion Issuing CA",
    CertificateRole.TSA: "Vermilion Time-stamp Authority",
    CertificateRole.SERVICE: "Vermilion Approval Sheets",
    CertificateRole.OCSP: "Vermilion OCSP Responder",
}
_FRESH: Final = timedelta(minutes=10)
"""A revocation list older than this is renewed before it becomes evidence."""
_RENEW_BEFORE: Final = timedelta(days=pki.CRL_DAYS) / 2
_FILE: Final = re.compile(r"((?:root|issuing)(?:-[1-9][0-9]{0,3})?)\.(crt|crl)")
_MEDIA_TYPES: Final = {"crt": "application/pkix-cert", "crl": "application/pkix-crl"}  # RFC 2585


class Authority:
    """Issues certificates and revocation lists. Safe for many threads and processes."""

    def __init__(self, database: Database, master_key: MasterKey, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._master_key = master_key
        self._clock = clock
        self._settings = settings
        self.members = Members(database, master_key, clock)
        self.stampers = Stampers(database, clock, settings, self._internal_stamper)
        self._stamper: tuple[Member, InternalTimeStamper] | None = None
        self._service: tuple[Member, SigningKey] | None = None

    def new_key(self, role: CertificateRole) -> pki.PrivateKey:
        """A key of the kind that the settings name for this role. RSA takes up to seconds: call it
        outside transactions."""
        return pki.new_key(self._settings.key_algorithm(role.value))

    def set_up(self, organisation_name: str, is_demo: bool) -> None:
        """Make root, issuing authority, time-stamp authority, service and responder, once.

        Does nothing where they are there, or where an offline root was asked to certify them.
        """
        with self._database.read() as session:
            if _is_there(session):
                return
        keys = {role: self.new_key(role) for role in _ORDER}
        with self._database.write() as session:
            if _is_there(session):
                return
            identity = self.organisation_identity(session, organisation_name, is_demo)
            root = self.add_member(session, CertificateRole.ROOT, identity, keys[CertificateRole.ROOT], None)
            self.add_below(session, root, identity, keys)
            write_list(
                session,
                root.id,
                x509.load_der_x509_certificate(root.der),
                keys[CertificateRole.ROOT],
                self._clock.now(),
            )
            audit.record(
                session,
                self._clock.now(),
                None,
                "authority.created",
                "certificate",
                root.id,
                {"organisation": organisation_name, "demo": is_demo},
            )
        self.members.forget()

    def add_below(
        self,
        session: Session,
        root: Certificate,
        identity: pki.Identity,
        keys: dict[CertificateRole, pki.PrivateKey],
    ) -> None:
        """An issuing authority below a root whose key is here, and what it certifies first."""
        above = self._issuer(root, keys[CertificateRole.ROOT], file_name(CertificateRole.ROOT, 1))
        key = keys[CertificateRole.ISSUING]
        row = self.add_member(session, CertificateRole.ISSUING, identity, key, (root.id, above))
        self.add_services(session, row, file_name(CertificateRole.ISSUING, 1), identity, keys)

    def add_services(
        self,
        session: Session,
        issuing: Certificate,
        name: str,
        identity: pki.Identity,
        keys: dict[CertificateRole, pki.PrivateKey],
    ) -> None:
        """Time-stamp authority, service and responder of an issuing authority, and its list."""
        key = keys[CertificateRole.ISSUING]
        issuer = self._issuer(issuing, key, name)
        for role in (CertificateRole.TSA, CertificateRole.SERVICE, CertificateRole.OCSP):
            self.add_member(session, role, identity, keys[role], (issuing.id, issuer))
        write_list(session, issuing.id, issuer.certificate, key, self._clock.now())

    def add_member(
        self,
        session: Session,
        role: CertificateRole,
        identity: pki.Identity,
        key: pki.PrivateKey,
        above: tuple[UUID, pki.Issuer] | None,
    ) -> Certificate:
        """Certify a key of the authority itself and keep it, wrapped. ``identity`` gives the organisation."""
        identity = self.next_identity(session, role, identity)
        now = self._clock.now()
        if above is None:
            certificate = pki.make_root(identity, key, now)
        elif role is CertificateRole.SERVICE:
            certificate = pki.make_signer(identity, key, above[1], now, policy=pki.SERVICE_POLICY)
        else:
            make = {
                CertificateRole.ISSUING: pki.make_issuing,
                CertificateRole.TSA: pki.make_tsa,
                CertificateRole.OCSP: pki.make_ocsp,
            }[role]
            certificate = make(identity, key, above[1], now)
        return self.keep_member(session, role, certificate, key, above[0] if above else None)

    def next_identity(self, session: Session, role: CertificateRole, identity: pki.Identity) -> pki.Identity:
        """The name of the next certificate of a role; ``identity`` gives the organisation."""
        made = session.scalar(select(func.count()).where(Certificate.role == role)) or 0
        return _member_identity(role, identity, made + 1 if role in AUTHORITIES else 1)

    def keep_member(
        self,
        session: Session,
        role: CertificateRole,
        certificate: x509.Certificate,
        key: pki.PrivateKey | None,
        issuer_id: UUID | None,
    ) -> Certificate:
        """Keep a certificate of the authority itself; its key is wrapped by the master key."""
        row = new_row(certificate, role, issuer_id)
        if key is not None:
            row.wrapped_key = self._master_key.wrap(pki.key_to_der(key), purpose=purpose(role))
        session.add(row)
        session.flush()
        self.members.forget()
        return row

    def _issuer(self, row: Certificate, key: pki.PrivateKey, name: str) -> pki.Issuer:
        return self.issuer(x509.load_der_x509_certificate(row.der), key, name)

    def issuer(self, certificate: x509.Certificate, key: pki.PrivateKey, name: str) -> pki.Issuer:
        """An authority with the addresses that go into what it certifies. A root has no responder:
        its list changes about never."""
        base = self._settings.effective_pki_url
        ocsp = None if name.startswith(CertificateRole.ROOT.value) else f"{base}/ocsp"
        return pki.Issuer(certificate, key, f"{base}/{name}.crl", f"{base}/{name}.crt", ocsp)

    def member(self, role: CertificateRole) -> Member:
        """A certificate of the authority with its key. Raises AuthorityNotReady before the set-up."""
        found = self.members.newest(role)
        if found is None:
            raise AuthorityNotReady(reason="set-up")
        return found

    def issuing(self) -> tuple[Member, pki.Issuer]:
        """Who certifies now."""
        member = self.member(CertificateRole.ISSUING)
        name = self.members.named(member.id).name
        return member, self.issuer(member.certificate, member.key, name)

    def issue(
        self,
        session: Session,
        role: CertificateRole,
        identity: pki.Identity | x509.Name,
        key: pki.PrivateKey | pki.PublicKey,
    ) -> Certificate:
        """Certify a person or a seal, and publish a new list: one older than a certificate says nothing
        about it."""
        member, issuer = self.issuing()
        certificate = pki.make_signer(
            identity, key, issuer, self._clock.now(), is_seal=role is CertificateRole.SEAL
        )
        row = new_row(certificate, role, member.id)
        session.add(row)
        session.flush()
        self.publish(session, member.id)
        return row

    def identity(self, session: Session, common_name: str, organisation: str, serial: str) -> pki.Identity:
        """An identity below this organisation, with its social credit code where it has one, and
        marked where it is a demo."""
        found = session.get(Organisation, 1)
        is_demo = found is not None and found.is_demo
        above = self.organisation_identity(session, organisation, is_demo)
        return pki.Identity(common_name, organisation, above.unit, serial, above.organisation_code)

    def organisation_identity(self, session: Session, organisation: str, is_demo: bool) -> pki.Identity:
        """The organisation's part of an identity."""
        code = session.scalar(
            select(LegalEntity.social_credit_code).where(LegalEntity.name == organisation).limit(1)
        )
        return pki.Identity("", organisation, "DEMO 演示" if is_demo else None, None, code)

    def revoke(self, session: Session, certificate_id: UUID, reason: x509.ReasonFlags) -> None:
        """Revoke a certificate from now on and publish the list. Repeating it changes nothing."""
        row = session.get(Certificate, certificate_id)
        if row is None:
            raise NotFound(what="certificate")
        if row.revoked_at is None:
            row.revoked_at = self._clock.now()
            row.revocation_reason = reason.value
            self.publish_for(session, row)

    def publish_for(self, session: Session, row: Certificate) -> None:
        """The next list of whoever certified ``row``. An outside authority publishes its own; a root
        that lives offline is asked for it (``signing.offline_root``)."""
        session.flush()
        self.members.forget()
        if row.issuer_id is not None and self.members.of(row.issuer_id) is not None:
            self.publish(session, row.issuer_id)

    def publish(self, session: Session, issuer_id: UUID) -> None:
        """Issue the next revocation list. Raises AuthorityNotReady where the key is offline."""
        member = self.members.of(issuer_id)
        if member is None:
            raise AuthorityNotReady(reason="offline")
        write_list(session, member.id, member.certificate, member.key, self._clock.now())

    def renew_crls(self, older_than: timedelta = _RENEW_BEFORE) -> None:
        """Publish anew the lists that are older; opens its own transaction only when one is."""
        now = self._clock.now()
        ours = {one.id for one in self.members.entries() if one.has_key and one.not_after > now}
        with self._database.read() as session:
            old = ours & set(
                session.scalars(
                    select(RevocationList.issuer_id).where(RevocationList.this_update < now - older_than)
                )
            )
        if not old:
            return
        with self._database.write() as session:
            for issuer_id in sorted(old):
                self.publish(session, issuer_id)

    def evidence(self) -> tuple[list[asn1_x509.Certificate], list[bytes]]:
        """Certificates and fresh revocation lists (DER) that any of our signatures is judged with."""
        self.renew_crls(_FRESH)
        with self._database.read() as session:
            crls = list(session.scalars(select(RevocationList.der)))
        certificates = [one.asn1 for one in self.members.entries()]
        if self.stampers.has_internal:
            certificates.append(self.member(CertificateRole.TSA).asn1)
        return certificates, crls

    def timestamper(self) -> TimeStamper | None:
        """What stamps our signatures, as the settings say: the built-in authority or outside ones.

        None while a signature is made without one, since none of them answers.
        """
        return self.stampers.stamper()

    def internal_stamper(self) -> InternalTimeStamper:
        """The built-in time-stamp authority, whoever stamps our own signatures."""
        return self._internal_stamper()

    def _internal_stamper(self) -> InternalTimeStamper:
        member, stamper = self.member(CertificateRole.TSA), self._stamper
        if stamper is None or stamper[0] is not member:
            made = InternalTimeStamper(
                member.asn1,
                member.key,
                self._clock,
                self.members.chain_of(member.asn1),
                self._settings.signature_digest,
            )
            self._stamper = stamper = member, made
        return stamper[1]

    def chain_of(self, certificate: asn1_x509.Certificate) -> tuple[asn1_x509.Certificate, ...]:
        """What goes into a signature beside this certificate, whoever issued it and when."""
        return self.members.chain_of(certificate)

    def service_key(self) -> SigningKey:
        """The key that certifies approval sheets."""
        member, service = self.member(CertificateRole.SERVICE), self._service
        if service is None or service[0] is not member:
            chain, digest = self.members.chain_of(member.asn1), self._settings.signature_digest
            key = SigningKey(member.asn1, member.key, chain, digest)
            self._service = service = member, key
        return service[1]

    def check_ready(self, session: Session) -> None:
        """Raise AuthorityNotReady unless every certificate and list is good now and the time-stamp
        authority issues, where it is ours."""
        now = self._clock.now()
        used: list[AuthorityEntry | Member] = [self.members.entry(role) for role in AUTHORITIES]
        used.append(self.member(CertificateRole.SERVICE))
        if self.stampers.has_internal:
            used.append(self.member(CertificateRole.TSA))
        for one in used:
            certificate = one.certificate
            if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
                name = certificate.subject.rfc4514_string()
                raise AuthorityNotReady(reason=f"{name} {certificate.not_valid_after_utc.date()}")
        needed = {one.id for one in self.members.entries() if one.is_good and one.not_after > now}
        good = set(session.scalars(select(RevocationList.issuer_id).where(RevocationList.next_update > now)))
        if not needed <= good:
            raise AuthorityNotReady(reason="crl")
        if self.stampers.has_internal:
            try:
                self.internal_stamper().stamp(bytes(32), "sha256")
            except (ValueError, OSError) as error:
                raise AuthorityNotReady(reason="time-stamp") from error

    def file(self, session: Session, name: str) -> tuple[str, bytes, RevocationList | None]:
        """Media type and bytes of a file such as ``root.crt`` or ``issuing-2.crl``, and the list's row."""
        found = _FILE.fullmatch(name)
        entry = next((one for one in self.members.entries() if found and one.name == found[1]), None)
        if found is None or entry is None:
            raise NotFound(what=name)
        if found[2] == "crt":
            return _MEDIA_TYPES["crt"], entry.asn1.dump(), None
        listed = session.get(RevocationList, entry.id)
        if listed is None:
            raise NotFound(what=name)
        return _MEDIA_TYPES["crl"], listed.der, listed


def _is_there(session: Session) -> bool:
    roles = session.scalar(select(func.count()).where(Certificate.role.in_(_ORDER))) or 0
    asked = session.scalar(select(func.count()).where(CertificateRequest.answered_at.is_(None))) or 0
    return roles + asked > 0


def _member_identity(role: CertificateRole, organisation: pki.Identity, number: int) -> pki.Identity:
    """Successors of an authority have names of their own, so that their lists are never mixed up."""
    name = _NAMES[role] if number == 1 else f"{_NAMES[role]} {number}"
    return pki.Identity(
        f"DEMO {name}" if organisation.unit else name,
        organisation.organisation,
        organisation.unit,
        None,
        organisation.organisation_code,
    )
