"""The life of certificates: listed, renewed, suspended, resumed, revoked, each act with a reason.

Every act is an audit entry and publishes a new revocation list in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import audit, notices
from core.clock import Clock
from core.database import Database
from core.errors import Forbidden, InvalidInput, NotFound
from core.masterkey import MasterKey
from core.models import Person, Role, RoleAssignment
from core.permissions import Principal, is_valid_on
from core.settings import Settings
from signing.authority import Authority
from signing.errors import CertificateActRefused, CertificateNotUsable
from signing.key_locations import move_location
from signing.keys import algorithm_of
from signing.models import Certificate, CertificateRole, Credential, Seal
from signing.renewing import Renewals

LEAVES: Final = (CertificateRole.PERSON, CertificateRole.SEAL)
SOON: Final = timedelta(days=30)
"""Certificates of people and seals are renewed this long before their end."""
_REMINDED_DAYS: Final = (60, 30, 14, 7, 3, 1)
MOST_NOTE: Final = 300


class State(StrEnum):
    """Where a certificate stands."""

    ACTIVE = "active"
    HELD = "held"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Reason(StrEnum):
    """Why a certificate is revoked (RFC 5280, 5.3.1)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION = "cessationOfOperation"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"


@dataclass(frozen=True)
class CertificateView:
    """A certificate as lists show it. ``owner`` is the person's or the seal's name."""

    id: UUID
    role: CertificateRole
    subject: str
    common_name: str
    owner: str | None
    serial_number: str
    algorithm: str
    issuer_id: UUID | None
    issuer: str
    is_outside: bool
    state: State
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None
    revocation_reason: str | None
    held_at: datetime | None
    is_in_use: bool
    acts: tuple[str, ...]
    der: bytes

    def to_json(self) -> dict[str, object]:
        """Plain values, without the certificate itself."""
        found = asdict(self)
        del found["der"]
        return found


def state_of(row: Certificate, now: datetime) -> State:
    """Revoked goes before suspended, suspended before expired."""
    if row.revoked_at is not None:
        return State.REVOKED
    if row.held_at is not None:
        return State.HELD
    return State.ACTIVE if now < row.not_after else State.EXPIRED


def acts_on(row: Certificate, now: datetime, *, is_in_use: bool) -> tuple[str, ...]:
    """What an administrator may do with a certificate now."""
    role, state = CertificateRole(row.role), state_of(row, now)
    is_outside = row.outside_chain is not None
    acts = []
    can_follow = is_in_use and not is_outside and role is not CertificateRole.ROOT
    if can_follow and (state is State.ACTIVE or (state is State.EXPIRED and role in LEAVES)):
        acts.append("renew")
    if role in LEAVES and state is State.ACTIVE:
        acts.append("suspend")
    if state is State.HELD:
        acts.append("resume")
    if role is not CertificateRole.ROOT and state in (State.ACTIVE, State.HELD):
        acts.append("revoke")
    return tuple(acts)


class Certificates:
    """Opens its own transactions; an act whose actor is None comes from the command line."""

    def __init__(
        self,
        database: Database,
        master_key: MasterKey,
        clock: Clock,
        settings: Settings,
        authority: Authority,
    ) -> None:
        self._database = database
        self._master_key = master_key
        self._clock = clock
        self._settings = settings
        self._authority = authority
        self.renewals = Renewals(database, clock, authority)

    def listed(
        self, actor: Principal | None, *, role: str | None = None, state: str | None = None, limit: int = 1000
    ) -> list[CertificateView]:
        """Certificates, the authority's own first, then newest first. Raises Forbidden."""
        require_administrator(actor)
        query = select(Certificate)
        if role:
            query = query.where(Certificate.role == role)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(Certificate.not_before.desc(), Certificate.id.desc())).all()
            found = [one for one in self._views(session, rows) if not state or one.state == state]
        found.sort(key=lambda one: one.role in LEAVES)
        return found[:limit]

    def get(self, actor: Principal | None, certificate_id: UUID) -> CertificateView:
        """One certificate. Raises Forbidden, NotFound."""
        require_administrator(actor)
        with self._database.read() as session:
            return self._views(session, [_found(session, certificate_id)])[0]

    def chain(self, actor: Principal | None, certificate_id: UUID) -> list[bytes]:
        """A certificate and those above it, DER. Raises Forbidden, NotFound."""
        require_administrator(actor)
        with self._database.read() as session:
            row = _found(session, certificate_id)
        found = [row.der]
        found += [one.dump() for one in self._authority.chain_of(asn1_x509.Certificate.load(row.der))]
        by_id = {one.id: one for one in self._authority.members.entries()}
        above = by_id.get(row.issuer_id) if row.issuer_id else None
        while above is not None:
            if above.asn1.dump() not in found:
                found.append(above.asn1.dump())
            above = by_id.get(above.issuer_id) if above.issuer_id else None
        return found

    def chain_names(self, actor: Principal | None, certificate_id: UUID) -> list[str]:
        """The common names of a certificate and of those above it."""
        chain = self.chain(actor, certificate_id)
        return [common_name(x509.load_der_x509_certificate(der).subject) for der in chain]

    def _views(self, session: Session, rows: Sequence[Certificate]) -> list[CertificateView]:
        now, used = self._clock.now(), self.used(session)
        names = {one.id: one.certificate for one in self._authority.members.entries()}
        views = []
        for row in rows:
            certificate = x509.load_der_x509_certificate(row.der)
            issuer = names[row.issuer_id].subject if row.issuer_id in names else certificate.issuer
            is_in_use = row.id in used
            views.append(
                CertificateView(
                    row.id, CertificateRole(row.role), row.subject, common_name(certificate.subject),
                    used.get(row.id), row.serial_number, algorithm_of(certificate.public_key()),
                    row.issuer_id, common_name(issuer), row.outside_chain is not None, state_of(row, now),
                    row.not_before, row.not_after, row.revoked_at, row.revocation_reason, row.held_at,
                    is_in_use, acts_on(row, now, is_in_use=is_in_use), row.der,
                )
            )  # fmt: skip
        return views

    def used(self, session: Session) -> dict[UUID, str | None]:
        """The certificates that sign now, with whose they are."""
        used: dict[UUID, str | None] = {}
        used |= dict(
            session.execute(
                select(Credential.certificate_id, Person.name)
                .join(Person, Person.id == Credential.person_id)
                .where(Credential.is_active)
            ).all()
        )
        used |= dict(session.execute(select(Seal.certificate_id, Seal.name)).all())
        members = self._authority.members
        for entry in members.entries():
            if entry.is_good:
                used[entry.id] = None
                responder = members.newest(CertificateRole.OCSP, entry.id)
                if responder is not None:
                    used[responder.id] = None
        for role in (CertificateRole.TSA, CertificateRole.SERVICE):
            member = members.newest(role)
            if member is not None:
                used[member.id] = None
        return used

    def revoke(self, actor: Principal | None, certificate_id: UUID, reason: str, note: str) -> None:
        """Revoke for ever. A person's credential ends with it: they enrol anew. What the authority
        itself needs gets a successor at once. Raises CertificateActRefused, InvalidInput, NotFound."""
        if reason not in set(Reason):
            raise InvalidInput(field="reason", reason=", ".join(Reason))
        with self._database.write() as session:
            row = self._begin(session, actor, certificate_id, "revoke", note)
            row.held_at = None
            self._authority.revoke(session, row.id, x509.ReasonFlags(reason))
            for credential in session.scalars(
                select(Credential).where(Credential.certificate_id == row.id, Credential.is_active)
            ):
                credential.is_active = False
            self._record(session, actor, "certificate.revoked", row, {"reason": reason, "note": note.strip()})
            is_leaf = row.role in LEAVES
        self._authority.members.forget()
        if not is_leaf:
            self.renew_due()

    def suspend(self, actor: Principal | None, certificate_id: UUID, note: str) -> None:
        """Let it sign nothing until it is resumed: certificateHold. Raises as ``revoke``."""
        with self._database.write() as session:
            row = self._begin(session, actor, certificate_id, "suspend", note)
            row.held_at = self._clock.now()
            self._authority.publish_for(session, row)
            self._record(session, actor, "certificate.suspended", row, {"note": note.strip()})

    def resume(self, actor: Principal | None, certificate_id: UUID, note: str) -> None:
        """Let a suspended one sign again: it leaves the list. Raises as ``revoke``."""
        with self._database.write() as session:
            row = self._begin(session, actor, certificate_id, "resume", note)
            since, row.held_at = row.held_at, None
            self._authority.publish_for(session, row)
            held = {"note": note.strip(), "held_since": since.isoformat() if since else None}
            self._record(session, actor, "certificate.resumed", row, held)

    def renew(self, actor: Principal | None, certificate_id: UUID, note: str) -> UUID:
        """Issue a successor; the old one stays valid until its end. People and seals keep their key,
        what is the authority's own gets a new one. Returns the successor's id. Raises as ``revoke``."""
        with self._database.read() as session:
            row = self._check(session, actor, certificate_id, "renew", note)
            role, issuer_id = CertificateRole(row.role), row.issuer_id
        if role not in LEAVES:
            made = self.renewals.renew(role, issuer_id if role is CertificateRole.OCSP else None)
            if made is None:
                raise CertificateActRefused(act="renew", state="offline")
            if role is CertificateRole.ISSUING:
                self.renewals.run()
            with self._database.write() as session:
                self._record(
                    session, actor, "certificate.renewed", row, {"by": str(made), "note": note.strip()}
                )
            return made
        with self._database.write() as session:
            row = self._begin(session, actor, certificate_id, "renew", note)
            successor = self._renew_leaf(session, row)
            by = {"by": str(successor.id), "note": note.strip()}
            self._record(session, actor, "certificate.renewed", row, by)
            return successor.id

    def _renew_leaf(self, session: Session, row: Certificate) -> Certificate:
        old = x509.load_der_x509_certificate(row.der)
        key = old.public_key()
        successor = self._authority.issue(session, CertificateRole(row.role), old.subject, key)  # type: ignore[arg-type]
        for credential in session.scalars(
            select(Credential).where(Credential.certificate_id == row.id, Credential.is_active)
        ):
            credential.certificate_id = successor.id
        for seal in session.scalars(select(Seal).where(Seal.certificate_id == row.id)):
            seal.certificate_id = successor.id
            if move_location(session, row.id, successor.id):
                continue  # the key stays in its slot
            plain = self._master_key.unwrap(seal.wrapped_key, purpose=f"seal {row.serial_number}")
            seal.wrapped_key = self._master_key.wrap(plain, purpose=f"seal {successor.serial_number}")
        session.flush()
        return successor

    def renew_due(self) -> list[UUID]:
        """What the periodic job does: renew what nears its end, and tell of what nobody here can renew."""
        made = self.renewals.run()
        now = self._clock.now()
        fallen = [one.id for one in self._authority.members.entries() if not one.is_good]
        with self._database.read() as session:
            used = self.used(session)
            rows = session.scalars(
                select(Certificate).where(
                    Certificate.role.in_(LEAVES),
                    or_(
                        Certificate.not_after < now + timedelta(days=max(_REMINDED_DAYS)),
                        Certificate.issuer_id.in_(fallen),
                    ),
                    Certificate.not_after > now,
                    Certificate.revoked_at.is_(None),
                    Certificate.held_at.is_(None),
                )
            ).all()
        for row in rows:
            if row.id not in used:
                continue
            if row.outside_chain is not None:
                self._remind(row, now)
            elif row.issuer_id in fallen:
                if self._authority.members.newest(CertificateRole.ISSUING) is not None:
                    made.append(self.renew(None, row.id, "its issuing authority was revoked"))
            elif row.not_after - now < SOON and self._outlives(row):
                successor = self.renew(None, row.id, "renewed before its end")
                made.append(successor)
                with self._database.write() as session:
                    self.tell(session, row, "certificate-renewed", now, successor)
        return made

    def _outlives(self, row: Certificate) -> bool:
        """Whether a successor would live longer: not when the issuing authority ends as well."""
        issuing, _issuer = self._authority.issuing()
        return issuing.certificate.not_valid_after_utc - row.not_after > SOON

    def _remind(self, row: Certificate, now: datetime) -> None:
        if (row.not_after - now).days in _REMINDED_DAYS:
            with self._database.write() as session:
                self.tell(session, row, "certificate-ending", now, row.id)

    def tell(
        self, session: Session, row: Certificate, code: str, now: datetime, certificate_id: UUID
    ) -> None:
        """The owner (a seal's is its keeper), and the administrators."""
        subject = common_name(x509.load_der_x509_certificate(row.der).subject)
        day = row.not_after.astimezone(self._settings.zone).date().isoformat()
        context = {"subject": subject, "day": day}
        owners: list[UUID] = [
            *session.scalars(select(Credential.person_id).where(Credential.certificate_id == certificate_id)),
            *session.scalars(select(Seal.keeper_id).where(Seal.certificate_id == certificate_id)),
        ]
        notices.tell(session, now, owners, code, "credential", certificate_id, context)
        others = set(self.administrators(session)) - set(owners)
        notices.tell(session, now, others, code, "certificate", certificate_id, context)

    def administrators(self, session: Session) -> list[UUID]:
        """Who administers the whole organisation today."""
        today = self._clock.now().astimezone(self._settings.zone).date()
        rows = session.scalars(
            select(RoleAssignment)
            .join(Person, Person.id == RoleAssignment.person_id)
            .where(
                RoleAssignment.role == Role.ADMINISTRATOR,
                RoleAssignment.entity_id.is_(None),
                RoleAssignment.department_id.is_(None),
                Person.is_active,
            )
        )
        return sorted({row.person_id for row in rows if is_valid_on(row, today)})

    def require_usable(self, certificate: asn1_x509.Certificate) -> None:
        """Raise CertificateNotUsable for a certificate that must not sign now."""
        now, der = self._clock.now(), certificate.dump()
        with self._database.read() as session:
            rows = session.scalars(
                select(Certificate).where(Certificate.serial_number == f"{certificate.serial_number:x}")
            ).all()
        fallen = {one.id for one in self._authority.members.entries() if not one.is_good}
        for row in rows:
            state = State.REVOKED if row.issuer_id in fallen else state_of(row, now)
            if row.der == der and state is not State.ACTIVE:
                raise CertificateNotUsable(subject=row.subject, state=state.value)

    def _check(
        self, session: Session, actor: Principal | None, certificate_id: UUID, act: str, note: str
    ) -> Certificate:
        require_administrator(actor)
        if not 1 <= len(note.strip()) <= MOST_NOTE:
            raise InvalidInput(field="note", reason=f"1–{MOST_NOTE}")
        row = _found(session, certificate_id)
        now = self._clock.now()
        if act not in acts_on(row, now, is_in_use=row.id in self.used(session)):
            raise CertificateActRefused(act=act, state=state_of(row, now).value)
        return row

    def _begin(
        self, session: Session, actor: Principal | None, certificate_id: UUID, act: str, note: str
    ) -> Certificate:
        """The row, locked, once the act is allowed in its state."""
        session.scalars(select(Certificate).where(Certificate.id == certificate_id).with_for_update()).all()
        return self._check(session, actor, certificate_id, act, note)

    def _record(
        self,
        session: Session,
        actor: Principal | None,
        action: str,
        row: Certificate,
        more: Mapping[str, object],
    ) -> None:
        audit.record(
            session, self._clock.now(), actor.person_id if actor else None, action, "certificate", row.id,
            {"serial": row.serial_number, "subject": row.subject, **more},
        )  # fmt: skip


def to_pem(certificates: Sequence[bytes]) -> bytes:
    """PEM of certificates (DER), one after another."""
    return b"".join(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in certificates)


def _found(session: Session, certificate_id: UUID) -> Certificate:
    row = session.get(Certificate, certificate_id)
    if row is None:
        raise NotFound(what="certificate")
    return row


def require_administrator(actor: Principal | None) -> None:
    """Raise Forbidden unless the actor administers the whole organisation."""
    if actor is not None and not any(
        grant.role is Role.ADMINISTRATOR and grant.entity_id is None and grant.department_id is None
        for grant in actor.grants
    ):
        raise Forbidden(needs=Role.ADMINISTRATOR.value)


def common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()
