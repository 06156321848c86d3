"""People's signing credentials: made by themselves, opened by their PIN only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import audit, notices
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.masterkey import MasterKey
from core.models import Department, LegalEntity, Person, SignIn
from core.permissions import Principal
from core.pkcs11 import PersonalToken, PinRefused, TokenLocked
from core.settings import Settings
from signing import custody, importing, pin_guard, pki
from signing.authority import Authority
from signing.certificates import common_name
from signing.custody_models import KeyLocation
from signing.errors import AlreadyEnrolled, NotEnrolled, WrongPin
from signing.models import Certificate, CertificateRole, Credential
from signing.pades import SigningKey
from signing.peppers import Peppers, number_in
from signing.person_slots import PersonSlots, read_certificates
from signing.pin_guard import PinGuard
from signing.replacement import Replacements
from signing.second_factor import Act, SecondFactors, forget_factors
from signing.sessions import end_sessions
from signing.signatory import Signatory

__all__ = ["Enrolment", "Signatory"]


@dataclass(frozen=True)
class _Opened:
    """A credential whose PIN was right: its key, or the token that the key is in."""

    credential: Credential
    certificate: Certificate
    key_der: bytes = field(default=b"", repr=False)
    place: KeyLocation | None = None
    token: PersonalToken | None = field(default=None, repr=False)


class Enrolment:
    """Makes, changes and opens credentials. Opens its own transactions: argon2id takes a while."""

    def __init__(
        self,
        database: Database,
        master_key: MasterKey,
        clock: Clock,
        settings: Settings,
        authority: Authority,
        cost: custody.PinCost,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._authority = authority
        self._cost = cost
        self._guard = PinGuard(database, clock, settings)
        self._token_guard = PinGuard(database, clock, settings, "token", locks=False)
        self.slots = PersonSlots(database, clock, settings)
        self.peppers = Peppers(database, master_key, clock)
        self.factors = SecondFactors(database, master_key, clock, settings)
        self.replacements = Replacements(database, clock, settings)

    def enrol(self, principal: Principal, pin: str) -> Certificate:
        """Make the person's key and certificate; where a replacement is ready, in the old one's place.

        Raises PinTooWeak, AlreadyEnrolled, AuthorityNotReady.
        """
        custody.check_pin(pin)
        with self._database.read() as session:
            self._authority.check_ready(session)
            if self.has_credential(session, principal.person_id):
                known = self.replacements.of(session, principal.person_id)
                if known is None or known.state != "ready":
                    raise AlreadyEnrolled()
        key = self._authority.new_key(CertificateRole.PERSON)
        envelope = custody.seal_envelope(
            pki.key_to_der(key), pin, principal.person_id, self.peppers.newest(), self._cost
        )
        now = self._clock.now()
        with self._database.write() as session:
            # The person's row is the lock: two requests at once make one credential.
            person = session.scalars(
                select(Person).where(Person.id == principal.person_id).with_for_update()
            ).one()
            self._make_room(session, person.id)
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
            pin_guard.clear(session, person.id)
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

    def bring(self, principal: Principal, pin: str, data: bytes, password: str) -> Certificate:
        """The person's own certificate of an outside authority with its key (PKCS#12), wrapped as all are.

        It takes the place of the key they have, which the PIN opens; else ``pin`` is the new one. Raises
        CertificateUnfit, PinTooWeak, and what ``unlock`` raises for a wrong PIN.
        """
        person_id = principal.person_id
        old = self._old(person_id)
        if old is None or custody.is_in_slot(old.envelope):  # a token's PIN may be shorter
            custody.check_pin(pin)
        if old is not None:
            self._open(person_id, pin)
        opened = importing.open_pkcs12(data, password)
        envelope = custody.seal_envelope(
            pki.key_to_der(opened.key), pin, person_id, self.peppers.newest(), self._cost
        )
        with self._database.write() as session:
            row = self._take(session, person_id, old, opened.certificate, opened.others, envelope)
        self._authority.members.forget()
        return row

    def take_slot(
        self, principal: Principal, token: str, key: str, token_pin: str, pin: str, data: bytes
    ) -> Certificate:
        """Sign with a key in a PKCS#11 token that was assigned to the person, from now on; ``token_pin``
        opens it then. ``key`` is its label or id (hex); empty: the only one. ``data`` holds certificates
        (PEM or DER) that are not in the token.

        It takes the place of the key they have, which ``pin`` opens; no ``pin`` is asked of who has none,
        or signs with this token already. Raises NotFound for another token, what ``PersonSlots.look``
        raises, CertificateUnfit, and what ``unlock`` raises for a wrong PIN.
        """
        person_id, old = principal.person_id, self._old(principal.person_id)
        with self._database.read() as session:
            if token not in self.slots.assigned(session, person_id):
                raise NotFound(what="token")
            place = session.get(KeyLocation, old.certificate_id) if old is not None else None
        uploaded = read_certificates(data)
        if place is not None and place.token == token:
            self._open(person_id, token_pin, field="token_pin")
        elif old is not None:
            self._open(person_id, pin)
        with self._counted(self._token_guard, person_id, "token_pin"):
            found = self.slots.look(token, key, token_pin, uploaded)
        with self._database.write() as session:
            row = self._take(
                session, person_id, old, found.certificate, found.others, dict(custody.IN_SLOT),
                {"token": found.token, "label": found.label},
            )  # fmt: skip
            self.slots.require(session, person_id, token)
            session.add(
                KeyLocation(
                    certificate_id=row.id, token=found.token, label=found.label, key_id=found.key_id,
                    details={"version": 1},
                )
            )  # fmt: skip
        self._authority.members.forget()
        return row

    def _old(self, person_id: UUID) -> Credential | None:
        """The credential whose PIN has to be given before another takes its place; None where there is
        none, or a replacement is ready."""
        with self._database.read() as session:
            old = self._active(session, person_id)
            known = self.replacements.of(session, person_id)
        return None if known is not None and known.state == "ready" else old

    def _take(
        self,
        session: Session,
        person_id: UUID,
        old: Credential | None,
        certificate: x509.Certificate,
        others: Sequence[x509.Certificate],
        envelope: dict[str, Any],
        where: Mapping[str, str] | None = None,
    ) -> Certificate:
        """Put a certificate that was brought, and its key, in the place of ``old``. Raises CertificateUnfit,
        AlreadyEnrolled where that changed meanwhile."""
        now = self._clock.now()
        person = session.scalars(select(Person).where(Person.id == person_id).with_for_update()).one()
        brought = importing.check(session, certificate, others, now)
        importing.check_names_person(certificate, person.name, person.email)
        importing.check_free(session, certificate, person_id)
        if old is None:
            self._make_room(session, person_id)
        else:
            current = self._active(session, person_id)
            if current is None or current.id != old.id:
                raise AlreadyEnrolled()
            self._end(session, current)
        row = brought.row(CertificateRole.PERSON)
        session.add(row)
        session.flush()
        session.add(
            Credential(
                person_id=person_id, certificate_id=row.id, envelope=envelope, is_active=True, created_at=now
            )
        )
        pin_guard.clear(session, person_id)
        facts = {"certificate": row.serial_number, "subject": row.subject, **(where or {})}
        audit.record(session, now, person_id, "credential.brought", "person", person_id, facts)
        audit.record(session, now, person_id, "certificate.imported", "certificate", row.id, facts)
        context = {"subject": common_name(certificate.subject)}
        notices.tell(session, now, [person_id], "certificate-brought", "person", person_id, context)
        return row

    def _active(self, session: Session, person_id: UUID) -> Credential | None:
        return session.scalars(
            select(Credential).where(Credential.person_id == person_id, Credential.is_active)
        ).one_or_none()

    def _make_room(self, session: Session, person_id: UUID) -> None:
        """End the credential that a ready replacement names. Raises AlreadyEnrolled."""
        if not self.has_credential(session, person_id):
            return
        old = self.replacements.take_ready(session, person_id)
        if old is None:
            raise AlreadyEnrolled()
        forget_factors(session, person_id)
        self._end(session, old)

    def _end(self, session: Session, old: Credential) -> None:
        """End a credential: nobody will open it again. What an outside authority issued, it revokes."""
        old.is_active, old.envelope = False, {}
        if session.get_one(Certificate, old.certificate_id).outside_chain is None:
            self._authority.revoke(session, old.certificate_id, x509.ReasonFlags.superseded)
        end_sessions(session, old.person_id, "replaced", self._clock.now())
        session.flush()
        audit.record(session, self._clock.now(), old.person_id, "credential.revoked", "person", old.person_id)

    def change_pin(self, principal: Principal, old: str, new: str, sign_in: str = "") -> None:
        """Wrap the same key with another PIN, or give its token another; the owner's other sign-ins and all
        signing sessions end.

        ``sign_in`` names the sign-in that stays (``core.sign_in.binding``). Raises as ``unlock`` and
        ``enrol``, and TokenPinUnfit.
        """
        custody.check_pin(new)
        opened = self._open(principal.person_id, old)
        envelope = opened.credential.envelope
        if opened.token is not None:
            opened.token.change_pin(new)
        else:
            envelope = custody.seal_envelope(
                opened.key_der, new, principal.person_id, self.peppers.newest(), self._cost
            )
        now, person_id = self._clock.now(), principal.person_id
        with self._database.write() as session:
            session.get_one(Credential, opened.credential.id).envelope = envelope
            end_sessions(session, person_id, "pin-changed", now)
            session.execute(
                delete(SignIn).where(
                    SignIn.person_id == person_id, SignIn.token_digest != sign_in.removeprefix("sign-in:")
                )
            )
            notices.tell(session, now, [person_id], "pin-changed", "person", person_id, {})
            audit.record(session, now, person_id, "credential.pin_changed", "person", person_id)

    def certificate_of(self, session: Session, person_id: UUID) -> Certificate | None:
        """What the person signs with now."""
        found = self._active(session, person_id)
        return session.get_one(Certificate, found.certificate_id) if found is not None else None

    def has_credential(self, session: Session, person_id: UUID) -> bool:
        """Whether the person has set a PIN."""
        found = session.scalar(
            select(Credential.id).where(Credential.person_id == person_id, Credential.is_active).limit(1)
        )
        return found is not None

    def unlock(
        self, person_id: UUID, pin: str, digests: Collection[str] = (), act: Act = "approval"
    ) -> Signatory:
        """Open the person's key for one act: signing what ``digests`` name.

        Each try is counted before it is judged (``signing.pin_guard``). Where the organisation asks for a
        second factor, it was shown for these digests before. Raises NotEnrolled, WrongPin, PinBlocked,
        PinLocked, SecondFactorNeeded.
        """
        with self._database.read() as session:
            self.factors.check(session, person_id, digests, act)
            is_asked = self.factors.is_asked(session, act)
        opened = self._open(person_id, pin)
        if is_asked:
            with self._database.write() as session:
                self.factors.use(session, person_id, digests, act)
        with self._database.read() as session:
            person = session.get_one(Person, person_id)
        loaded = asn1_x509.Certificate.load(opened.certificate.der)
        chain, digest = self._authority.chain_of(loaded), self._settings.signature_digest
        key = SigningKey(loaded, self._key(opened), chain, digest)
        return Signatory(person_id, person.name, person.position or "", key)

    def check_pin(self, person_id: UUID, pin: str) -> None:
        """Whether the PIN is right, for acts that sign nothing. Raises as ``unlock``."""
        self._open(person_id, pin)

    def _key(self, opened: _Opened) -> Any:
        """What signs: the key itself, or one that asks its token."""
        if opened.token is None or opened.place is None:
            return pki.key_from_der(opened.key_der)
        return self.slots.key(opened.token, opened.place, opened.certificate.der)

    def _open(self, person_id: UUID, pin: str, field: str = "pin") -> _Opened:
        with self._database.read() as session:
            found = session.execute(
                select(Credential, Certificate, KeyLocation)
                .join(Certificate, Certificate.id == Credential.certificate_id)
                .outerjoin(KeyLocation, KeyLocation.certificate_id == Certificate.id)
                .where(Credential.person_id == person_id, Credential.is_active)
            ).one_or_none()
            if found is None:
                raise NotEnrolled(field="pin")
            credential, certificate, place = found
            slot: KeyLocation | None = place if custody.is_in_slot(credential.envelope) else None
            if slot is not None:
                self.slots.require(session, person_id, slot.token)
        with self._counted(self._guard, person_id, field):
            if slot is not None:
                return _Opened(credential, certificate, place=slot, token=self.slots.open(slot, pin))
            key_der = custody.open_envelope(credential.envelope, pin, person_id, self.peppers.get)
        self._move(credential, key_der, pin)
        return _Opened(credential, certificate, key_der)

    @contextmanager
    def _counted(self, guard: PinGuard, person_id: UUID, field: str) -> Iterator[None]:
        """One try at a PIN, counted before it is judged. Raises WrongPin, PinBlocked, PinLocked."""
        guard.let_in(person_id)
        try:
            yield
        except custody.PinDoesNotFit as error:
            raise WrongPin(field=field, left=guard.failed(person_id)) from error
        except PinRefused as error:
            left = guard.failed(person_id)
            if error.is_locked:
                raise TokenLocked(field=field, token=error.token) from error
            raise WrongPin(field=field, left=left) from error
        except BaseException:
            guard.given_back(person_id)
            raise
        guard.passed(person_id)

    def _move(self, credential: Credential, key_der: bytes, pin: str) -> None:
        """Wrap the key with the newest pepper, if it is not yet; a change meanwhile goes before."""
        newest = self.peppers.newest()
        if number_in(credential.envelope) == newest.number:
            return
        envelope = custody.seal_envelope(key_der, pin, credential.person_id, newest, self._cost)
        with self._database.write() as session:
            row = session.scalars(
                select(Credential).where(Credential.id == credential.id).with_for_update()
            ).one()
            if row.envelope == credential.envelope:
                row.envelope = envelope
