"""The authority's own certificates and keys, as they are at hand in one process.

Keys are unwrapped once. Another process may renew or revoke a certificate at any time: what is
newest is asked again after half a minute.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final
from uuid import UUID

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from core.clock import Clock
from core.database import Database
from core.masterkey import MasterKey
from signing import pki
from signing.errors import AuthorityNotReady
from signing.models import Certificate, CertificateRole

AUTHORITIES: Final = (CertificateRole.ROOT, CertificateRole.ISSUING)
_BELIEVED_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Member:
    """One certificate of the authority itself, with its key."""

    id: UUID
    certificate: x509.Certificate
    key: pki.PrivateKey
    issuer_id: UUID | None
    wrapped: bytes

    @cached_property
    def asn1(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self.certificate.public_bytes(Encoding.DER))


@dataclass(frozen=True)
class AuthorityEntry:
    """A root or issuing certificate, current or former. ``name`` is that of its files: the first of a
    role has the role's, the next ones ``issuing-2`` and so on."""

    id: UUID
    role: CertificateRole
    name: str
    certificate: x509.Certificate
    asn1: asn1_x509.Certificate
    issuer_id: UUID | None
    has_key: bool
    is_good: bool  # neither revoked nor suspended
    not_before: datetime
    not_after: datetime


class Members:
    """What the authority is made of. Safe for many threads."""

    def __init__(self, database: Database, master_key: MasterKey, clock: Clock) -> None:
        self._database = database
        self._master_key = master_key
        self._clock = clock
        self._known: dict[object, tuple[float, object]] = {}
        self._loaded: dict[UUID, Member] = {}
        self._lock = threading.RLock()

    def forget(self) -> None:
        """Ask the database anew: something was changed here."""
        with self._lock:
            self._known.clear()

    def newest(self, role: CertificateRole, issuer_id: UUID | None = None) -> Member | None:
        """The newest good certificate of a role whose key is here; with ``issuer_id``, of that issuer."""
        found = self._remembered((role, issuer_id), lambda: self._load_newest(role, issuer_id))
        return found if isinstance(found, Member) else None

    def entries(self) -> tuple[AuthorityEntry, ...]:
        """Every root and issuing certificate, in the order they came."""
        found = self._remembered("entries", self._load_entries)
        assert isinstance(found, tuple)
        return found

    def entry(self, role: CertificateRole) -> AuthorityEntry:
        """The newest good authority of a role, with or without its key. Raises AuthorityNotReady."""
        good = [one for one in self.entries() if one.role is role and one.is_good]
        if not good:
            raise AuthorityNotReady(reason=role.value)
        return good[-1]

    def named(self, issuer_id: UUID) -> AuthorityEntry:
        """The authority of an id. Raises AuthorityNotReady."""
        for one in self.entries():
            if one.id == issuer_id:
                return one
        raise AuthorityNotReady(reason="issuer")

    def of(self, certificate_id: UUID) -> Member | None:
        """A member by its id; None when its key is not here."""
        with self._database.read() as session:
            row = session.get(Certificate, certificate_id)
        return None if row is None or row.wrapped_key is None else self._member(row)

    def chain_of(self, certificate: asn1_x509.Certificate) -> tuple[asn1_x509.Certificate, ...]:
        """What goes into a signature beside the signer's own certificate: all above it but the root."""
        found = self._remembered(certificate.sha256, lambda: self._load_chain(certificate))
        assert isinstance(found, tuple)
        return found

    def _remembered(self, name: object, load: Callable[[], object]) -> object:
        with self._lock:
            until, value = self._known.get(name, (0.0, None))
            if time.monotonic() >= until:
                value = load()
                if len(self._known) > 10_000:
                    self._known.clear()
                self._known[name] = time.monotonic() + _BELIEVED_SECONDS, value
            return value

    def _load_newest(self, role: CertificateRole, issuer_id: UUID | None) -> Member | None:
        query = select(Certificate).where(
            Certificate.role == role,
            Certificate.revoked_at.is_(None),
            Certificate.held_at.is_(None),
            Certificate.wrapped_key.is_not(None),
            Certificate.not_before <= self._clock.now(),
        )
        if issuer_id is not None:
            query = query.where(Certificate.issuer_id == issuer_id)
        with self._database.read() as session:
            row = session.scalar(
                query.order_by(Certificate.not_before.desc(), Certificate.id.desc()).limit(1)
            )
        return None if row is None else self._member(row)

    def _member(self, row: Certificate) -> Member:
        assert row.wrapped_key is not None
        known = self._loaded.get(row.id)
        if known is None or known.wrapped != row.wrapped_key:  # wrapped anew by a rotation of the master key
            der = self._master_key.unwrap(row.wrapped_key, purpose=purpose(row.role))
            certificate = x509.load_der_x509_certificate(row.der)
            key = pki.key_from_der(der)
            known = Member(row.id, certificate, key, row.issuer_id, row.wrapped_key)
            self._loaded[row.id] = known
        return known

    def _load_entries(self) -> tuple[AuthorityEntry, ...]:
        with self._database.read() as session:
            rows = session.scalars(
                select(Certificate)
                .where(Certificate.role.in_(AUTHORITIES))
                .order_by(Certificate.not_before, Certificate.id)
            ).all()
        for row in rows:
            if row.wrapped_key is None:  # moved offline, perhaps by another process: not in memory either
                self._loaded.pop(row.id, None)
        counted: dict[CertificateRole, int] = {}
        made = []
        for row in rows:
            role = CertificateRole(row.role)
            counted[role] = counted.get(role, 0) + 1
            made.append(
                AuthorityEntry(
                    row.id,
                    role,
                    file_name(role, counted[role]),
                    x509.load_der_x509_certificate(row.der),
                    asn1_x509.Certificate.load(row.der),
                    row.issuer_id,
                    row.wrapped_key is not None,
                    row.revoked_at is None and row.held_at is None,
                    row.not_before,
                    row.not_after,
                )
            )
        return tuple(made)

    def _load_chain(self, certificate: asn1_x509.Certificate) -> tuple[asn1_x509.Certificate, ...]:
        wanted = certificate.authority_key_identifier
        for one in self.entries():
            if one.role is CertificateRole.ISSUING and one.asn1.key_identifier == wanted:
                return (one.asn1,)
        with self._database.read() as session:
            chains = session.execute(
                select(Certificate.der, Certificate.outside_chain).where(
                    Certificate.serial_number == f"{certificate.serial_number:x}",
                    Certificate.issuer_id.is_(None),
                )
            ).all()
        for der, chain in chains:
            if der == certificate.dump():
                return tuple(asn1_x509.Certificate.load(base64.b64decode(one)) for one in chain or ())
        return ()


def purpose(role: str) -> str:
    """What the key of a member is wrapped for."""
    return f"authority {CertificateRole(role).value}"


def request_purpose(number: UUID) -> str:
    """What the key of a request to the offline root is wrapped for."""
    return f"authority request {number}"


def file_name(role: CertificateRole, number: int) -> str:
    """The name of the ``number``-th authority's files, without their ending."""
    return role.value if number == 1 else f"{role.value}-{number}"
