"""Renewal of the authority's own certificates, in time and by themselves.

A successor gets a new key. The old certificate stays for verification, and an old issuing authority
goes on publishing its list and answering until everything that it certified is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from core import audit
from core.clock import Clock
from core.database import Database
from signing import pki
from signing.authority import Authority
from signing.members import Member, Members
from signing.models import Certificate, CertificateRole
from signing.revocation import write_list

_LEADS: Final = {
    # Enough of the issuing authority is left at each moment for a certificate of full length.
    CertificateRole.ISSUING: timedelta(days=366 * (pki.LEAF_YEARS + 1)),
    # A time-stamp's worth ends with the certificate: each has years before it is renewed by another.
    CertificateRole.TSA: timedelta(days=366 * 5),
    CertificateRole.SERVICE: timedelta(days=366),
    CertificateRole.OCSP: timedelta(days=30),
}
_WORTH_IT: Final = timedelta(days=30)
"""A successor lives at least this much longer; one that ends with the same issuer does not."""


@dataclass(frozen=True)
class _Due:
    role: CertificateRole
    issuer_id: UUID
    predecessor: UUID | None


class Renewals:
    """Opens its own transactions: keys are made outside them."""

    def __init__(self, database: Database, clock: Clock, authority: Authority) -> None:
        self._database = database
        self._clock = clock
        self._authority = authority

    def run(self) -> list[UUID]:
        """Renew what is due. Returns the ids of the new certificates."""
        made = []
        for _round in range(3):  # a new issuing authority gets its own responder, and the rest moves to it
            due = self.due()
            if not due:
                break
            made += [one for one in (self._renew(one) for one in due) if one is not None]
        return made

    def renew(self, role: CertificateRole, issuer_id: UUID | None = None) -> UUID | None:
        """Renew one now, due or not; None when somebody else just did."""
        issuer = issuer_id or self._issuer_for(role)
        if issuer is None:
            return None
        newest = self._authority.members.newest(role, issuer if role is CertificateRole.OCSP else None)
        return self._renew(_Due(role, issuer, newest.id if newest else None))

    def due(self) -> list[_Due]:
        """What should have a successor by now."""
        members, found = self._authority.members, []
        root = self._issuer_for(CertificateRole.ISSUING)
        issuing = members.newest(CertificateRole.ISSUING)
        if root is not None and members.entries() and self._is_due(CertificateRole.ISSUING, issuing, root):
            return [_Due(CertificateRole.ISSUING, root, issuing.id if issuing else None)]
        if issuing is None:
            return []
        for role in (CertificateRole.TSA, CertificateRole.SERVICE):
            newest = members.newest(role)
            if self._is_due(role, newest, issuing.id):
                found.append(_Due(role, issuing.id, newest.id if newest else None))
        now = self._clock.now()
        for one in members.entries():
            if one.role is CertificateRole.ISSUING and one.has_key and one.is_good and one.not_after > now:
                newest = members.newest(CertificateRole.OCSP, one.id)
                if self._is_due(CertificateRole.OCSP, newest, one.id):
                    found.append(_Due(CertificateRole.OCSP, one.id, newest.id if newest else None))
        return found

    def _issuer_for(self, role: CertificateRole) -> UUID | None:
        """Who would certify a successor; None where that key is not here."""
        above = CertificateRole.ROOT if role is CertificateRole.ISSUING else CertificateRole.ISSUING
        member = self._authority.members.newest(above)
        return member.id if member else None

    def _is_due(self, role: CertificateRole, newest: Member | None, issuer_id: UUID) -> bool:
        return _is_due(self._authority.members, role, newest, issuer_id, self._clock.now())

    def _renew(self, due: _Due) -> UUID | None:
        authority = self._authority
        above = authority.members.of(due.issuer_id)
        if above is None:
            return None
        key = authority.new_key(due.role)
        issuer = authority.issuer(above.certificate, above.key, authority.members.named(above.id).name)
        now = self._clock.now()
        with self._database.write() as session:
            # The issuer's row is the lock: two jobs at once make one successor.
            session.scalars(select(Certificate).where(Certificate.id == above.id).with_for_update()).one()
            authority.members.forget()
            is_responder = due.role is CertificateRole.OCSP
            newest = authority.members.newest(due.role, due.issuer_id if is_responder else None)
            if (newest.id if newest else None) != due.predecessor:
                return None
            row = authority.add_member(
                session, due.role, identity_of(above.certificate), key, (above.id, issuer)
            )
            authority.publish(session, above.id)
            if due.role is CertificateRole.ISSUING:
                write_list(session, row.id, x509.load_der_x509_certificate(row.der), key, now)
            audit.record(
                session, now, None, "certificate.issued", "certificate", row.id,
                {
                    "role": due.role.value, "serial": row.serial_number,
                    "replaces": str(due.predecessor) if due.predecessor else None,
                },
            )  # fmt: skip
        authority.members.forget()
        return row.id


def is_root_needed(members: Members, now: datetime) -> bool:
    """Whether a root that lives offline should be asked for the next issuing authority."""
    roots = [one for one in members.entries() if one.role is CertificateRole.ROOT and one.is_good]
    if not roots or any(one.has_key for one in roots):
        return False
    newest = members.newest(CertificateRole.ISSUING)
    return _is_due(members, CertificateRole.ISSUING, newest, roots[-1].id, now)


def _is_due(
    members: Members, role: CertificateRole, newest: Member | None, issuer_id: UUID, now: datetime
) -> bool:
    if newest is None or (newest.issuer_id is not None and not members.named(newest.issuer_id).is_good):
        return True
    end = newest.certificate.not_valid_after_utc
    if end - now > _LEADS[role]:
        return False
    issuer = members.named(issuer_id)
    return min(now + _longest(role), issuer.not_after) - end > _WORTH_IT


def identity_of(certificate: x509.Certificate) -> pki.Identity:
    """The organisation that a certificate names, for what is certified below it."""

    def value(kind: x509.ObjectIdentifier) -> str | None:
        found = certificate.subject.get_attributes_for_oid(kind)
        return str(found[0].value) if found else None

    code = value(NameOID.ORGANIZATION_IDENTIFIER)
    return pki.Identity(
        "",
        value(NameOID.ORGANIZATION_NAME) or "",
        value(NameOID.ORGANIZATIONAL_UNIT_NAME),
        None,
        code.removeprefix("NTRCN-") if code else None,
    )


def _longest(role: CertificateRole) -> timedelta:
    if role is CertificateRole.OCSP:
        return timedelta(days=pki.OCSP_DAYS)
    years = pki.LEAF_YEARS if role is CertificateRole.SERVICE else pki.ISSUING_YEARS
    return timedelta(days=365 * years)
