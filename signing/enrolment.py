"""People's signing credentials: made by themselves, opened by their PIN only."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, throttle
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.masterkey import MasterKey
from core.models import Department, LegalEntity, Person
from core.permissions import Principal
from signing import custody, pki
from signing.authority import Authority
from signing.errors import AlreadyEnrolled, NotEnrolled, PinBlocked, WrongPin
from signing.models import Certificate, CertificateRole, Credential
from signing.pades import SigningKey
from signing.signatory import Signatory

__all__ = ["Enrolment", "Signatory"]
_PURPOSE: Final = "pin"


class Enrolment:
    """Makes, changes and opens credentials. Opens its own transactions: argon2id takes a while."""

    def __init__(
        self,
        database: Database,
        master_key: MasterKey,
        clock: Clock,
        authority: Authority,
        cost: custody.PinCost,
    ) -> None:
        self._database = database
        self._master_key = master_key
        self._clock = clock
        self._authority = authority
        self._cost = cost

    def enrol(self, principal: Principal, pin: str) -> Certificate:
        """Make the person's key and certificate. Raises PinTooWeak, AlreadyEnrolled, AuthorityNotReady."""
        custody.check_pin(pin)
        with self._database.read() as session:
            self._authority.check_ready(session)
            if self.has_credential(session, principal.person_id):
                raise AlreadyEnrolled()
        key = pki.new_key()
        envelope = custody.seal_envelope(
            pki.key_to_der(key), pin, principal.person_id, self._master_key, self._cost
        )
        now = self._clock.now()
        with self._database.write() as session:
            # The person's row is the lock: two requests at once make one credential.
            person = session.scalars(
                select(Person).where(Person.id == principal.person_id).with_for_update()
            ).one()
            if self.has_credential(session, person.id):
                raise AlreadyEnrolled()
            organisation = session.scalar(
                select(LegalEntity.name)
                .join(Department, Department.entity_id == LegalEntity.id)
                .where(Department.id == person.department_id)
            )
            identity = self._authority.identity(session, person.name, organisation or "", person.id.hex)
            certificate = self._authority.issue(session, CertificateRole.PERSON, identity, key)
            session.add(
                Credential(
                    person_id=person.id,
                    certificate_id=certificate.id,
                    envelope=envelope,
                    is_active=True,
                    created_at=now,
                )
            )
            throttle.clear(session, _subject(person.id))
            audit.record(
                session,
                now,
                person.id,
                "credential.enrolled",
                "person",
                person.id,
                {"certificate": certificate.serial_number},
            )
        return certificate

    def change_pin(self, principal: Principal, old: str, new: str) -> None:
        """Wrap the same key with another PIN. Raises as ``unlock`` and ``enrol``."""
        custody.check_pin(new)
        credential, _certificate, key_der = self._open(principal.person_id, old)
        envelope = custody.seal_envelope(key_der, new, principal.person_id, self._master_key, self._cost)
        with self._database.write() as session:
            session.get_one(Credential, credential.id).envelope = envelope
            audit.record(
                session,
                self._clock.now(),
                principal.person_id,
                "credential.pin_changed",
                "person",
                principal.person_id,
            )

    def replace(self, session: Session, person_id: UUID, actor_id: UUID) -> None:
        """Revoke the credential of somebody who forgot the PIN; they then enrol anew themselves.

        Somebody else has to ask for it: whoever holds only the person's session cannot.
        """
        credential = session.scalar(
            select(Credential).where(Credential.person_id == person_id, Credential.is_active)
        )
        if credential is None or actor_id == person_id:
            raise NotFound(what="credential")
        credential.is_active = False
        self._authority.revoke(session, credential.certificate_id, x509.ReasonFlags.superseded)
        audit.record(session, self._clock.now(), actor_id, "credential.revoked", "person", person_id)

    def has_credential(self, session: Session, person_id: UUID) -> bool:
        """Whether the person has set a PIN."""
        found = session.scalar(
            select(Credential.id).where(Credential.person_id == person_id, Credential.is_active).limit(1)
        )
        return found is not None

    def unlock(self, person_id: UUID, pin: str) -> Signatory:
        """Open the person's key for one act.

        Each failure is counted in a transaction of its own and slows the next tries down. Raises
        NotEnrolled, WrongPin, PinBlocked.
        """
        _credential, certificate, key_der = self._open(person_id, pin)
        with self._database.read() as session:
            person = session.get_one(Person, person_id)
        key = SigningKey(
            asn1_x509.Certificate.load(certificate.der), pki.key_from_der(key_der), self._authority.chain()
        )
        return Signatory(person_id, person.name, person.position or "", key)

    def _open(self, person_id: UUID, pin: str) -> tuple[Credential, Certificate, bytes]:
        now = self._clock.now()
        with self._database.read() as session:
            try:
                throttle.check(session, _subject(person_id), now)
            except throttle.TooManyAttempts as error:
                raise PinBlocked(field="pin", **error.context) from error
            found = session.execute(
                select(Credential, Certificate)
                .join(Certificate, Certificate.id == Credential.certificate_id)
                .where(Credential.person_id == person_id, Credential.is_active)
            ).one_or_none()
        if found is None:
            raise NotEnrolled(field="pin")
        credential, certificate = found
        try:
            key_der = custody.open_envelope(credential.envelope, pin, person_id, self._master_key)
        except custody.PinDoesNotFit as error:
            with self._database.write() as session:
                left = throttle.fail(session, _subject(person_id), now)
                audit.record(session, now, person_id, "credential.pin_wrong", "person", person_id)
            raise WrongPin(field="pin", left=left) from error
        self._forget_failures(person_id)
        return credential, certificate, key_der

    def _forget_failures(self, person_id: UUID) -> None:
        with self._database.read() as session:
            has_failures = throttle.has_failures(session, _subject(person_id))
        if has_failures:
            with self._database.write() as session:
                throttle.clear(session, _subject(person_id))


def _subject(person_id: UUID) -> str:
    return f"{_PURPOSE}:{person_id}"
