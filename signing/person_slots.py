"""People's keys in PKCS#11 tokens: one token for one person, opened by its own PIN for one act.

A PKCS#11 PIN opens a token, not a key. So a token belongs to one person alone: an administrator assigns
it, which opens nothing, and the person takes a key of it into use with the token's PIN, which nobody
else has. What was not assigned to somebody they can neither see nor try PINs at; the server's own token
and those of seals are never assigned.

The PIN is in memory for as long as an opened key would be (one act, or a batch) and nowhere else. Each
signature logs in with it and out again (``core.pkcs11.PersonalToken``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, notices
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, NotFound, SettingUnusable, VermilionError
from core.models import Person
from core.permissions import Principal
from core.pkcs11 import Module, PersonalToken, TokenAway, TokenKeyMissing
from core.settings import Settings
from signing import pin_guard
from signing.certificates import common_name, require_administrator
from signing.custody_models import KeyLocation, PersonToken
from signing.errors import CertificateUnfit, TokenNotAssigned, TokenNotFree
from signing.importing import MOST_BYTES
from signing.models import Credential, Seal, SealChange, SealKeyOffer
from signing.outside_lists import read_issuers
from signing.pkcs11 import SlotEcKey, SlotRsaKey, private_key, slot_key
from signing.sessions import end_sessions

LONGEST_TOKEN: Final = 32  # octets of a token's label (PKCS#11, CK_TOKEN_INFO)
MOST_CERTIFICATES: Final = 20
_KINDS: Final = {pkcs11.KeyType.EC: ec.EllipticCurvePublicKey, pkcs11.KeyType.RSA: rsa.RSAPublicKey}


@dataclass(frozen=True)
class OfferedKey:
    """A key as its token shows it without a PIN; names and end are those of its certificate there."""

    key: str  # what names it when it is taken: its id (hex), or its label
    label: str
    subject: str | None
    issuer: str | None
    not_after: datetime | None


@dataclass(frozen=True)
class OfferedToken:
    """A token that was assigned to somebody, with its keys; ``error`` says why they cannot be seen."""

    token: str
    keys: tuple[OfferedKey, ...]
    error: VermilionError | None = None


@dataclass(frozen=True)
class FoundKey:
    """A key that signed with the PIN that was given, and the certificates that came with it."""

    token: str
    label: str
    key_id: str
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]


class PersonSlots:
    """Whose token is whose, and what is in it. Opens its own transactions where a verb takes no session;
    calls to tokens are outside of them."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    # for administrators

    def assign(self, actor: Principal | None, person_id: UUID, token: str) -> None:
        """Let a person sign with the keys of a token, once they give its PIN. Again is harmless.

        Raises Forbidden, NotFound, InvalidInput, TokenNotFree (somebody else's, seals', the server's own),
        TokenUnavailable.
        """
        require_administrator(actor)
        label = token.strip()
        if not 1 <= len(label.encode()) <= LONGEST_TOKEN or not label.isprintable():
            raise InvalidInput(field="token", reason=f"1–{LONGEST_TOKEN}")
        self._module(label).look(label, lambda _session: None)
        now = self._clock.now()
        with self._database.write() as session:
            person = session.scalars(
                select(Person).where(Person.id == person_id).with_for_update()
            ).one_or_none()
            if person is None:
                raise NotFound(what="person")
            self._check_for_people(session, label)
            known = session.get(PersonToken, label)
            if known is not None and known.person_id != person_id:
                raise TokenNotFree(field="token", token=label, reason="person")
            if known is not None:
                return
            actor_id = actor.person_id if actor else None
            session.add(PersonToken(token=label, person_id=person_id, assigned_by=actor_id, assigned_at=now))
            pin_guard.clear_token(session, person_id)
            audit.record(
                session, now, actor_id, "signing_token.assigned", "person", person_id, {"token": label}
            )
            notices.tell(
                session, now, [person_id], "signing-token-assigned", "person", person_id, {"token": label}
            )

    def take_back(self, actor: Principal | None, person_id: UUID, token: str) -> None:
        """Nobody signs with the token any more, from now on; what was signed stays. Raises NotFound."""
        require_administrator(actor)
        now = self._clock.now()
        with self._database.write() as session:
            known = session.get(PersonToken, token)
            if known is None or known.person_id != person_id:
                raise NotFound(what="token")
            session.delete(known)
            end_sessions(session, person_id, "token-taken", now)
            actor_id = actor.person_id if actor else None
            audit.record(
                session, now, actor_id, "signing_token.taken_back", "person", person_id, {"token": token}
            )
            notices.tell(
                session, now, [person_id], "signing-token-taken", "person", person_id, {"token": token}
            )

    def assigned(self, session: Session, person_id: UUID) -> list[str]:
        """The labels of a person's tokens."""
        query = select(PersonToken.token).where(PersonToken.person_id == person_id)
        return list(session.scalars(query.order_by(PersonToken.token)))

    def _check_for_people(self, session: Session, token: str) -> None:
        """Raise TokenNotFree for the server's own token and for those with keys of seals."""
        offers = (
            select(SealKeyOffer.place)
            .join(SealChange, SealChange.id == SealKeyOffer.change_id)
            .where(SealChange.decided_at.is_(None))
        )
        of_seal = select(KeyLocation.certificate_id).where(
            KeyLocation.token == token,
            KeyLocation.certificate_id.in_(select(Seal.certificate_id))
            | (KeyLocation.destroy_since.is_not(None) & KeyLocation.destroyed_at.is_(None)),
        )
        is_offered = any(place and place["token"] == token for place in session.scalars(offers))
        if token == self._settings.pkcs11_token:
            raise TokenNotFree(field="token", token=token, reason="server")
        if is_offered or session.scalar(of_seal.limit(1)) is not None:
            raise TokenNotFree(field="token", token=token, reason="seal")

    # for their person

    def require(self, session: Session, person_id: UUID, token: str) -> None:
        """Raise TokenNotAssigned unless the token is the person's, and not the server's own."""
        known = session.get(PersonToken, token)
        if known is None or known.person_id != person_id or token == self._settings.pkcs11_token:
            raise TokenNotAssigned(token=token)

    def offered(self, person_id: UUID) -> list[OfferedToken]:
        """A person's tokens with the keys in them, as far as is seen without a PIN."""
        with self._database.read() as session:
            tokens = self.assigned(session, person_id)
        return [self._offered(token) for token in tokens]

    def _offered(self, token: str) -> OfferedToken:
        try:
            return OfferedToken(token, tuple(self._module(token).look(token, _public_keys)))
        except VermilionError as error:
            return OfferedToken(token, (), error)

    def look(self, token: str, key: str, pin: str, uploaded: Sequence[x509.Certificate]) -> FoundKey:
        """Find a key by its label or id (hex), the only one where that is empty; have it sign something;
        and find its certificate, in the token or among those uploaded.

        Raises PinRefused, TokenLocked, TokenUnavailable, TokenKeyMissing, InvalidInput where several keys
        would fit, CertificateUnfit (no-certificate, key-differs, algorithm).
        """
        opened = self._token(token, pin)
        return opened.use(lambda session: _look(session, opened, key, uploaded))

    def open(self, place: KeyLocation, pin: str) -> PersonalToken:
        """The token of a key, once the PIN fits and the key is there. Raises as ``look``."""
        opened = self._token(place.token, pin)

        def act(session: Any) -> None:
            private_key(session, place.label, place.key_id)

        _naming(place.token, place.label, lambda: opened.use(act))
        return opened

    def key(self, opened: PersonalToken, place: KeyLocation, der: bytes) -> SlotEcKey | SlotRsaKey:
        """What signs with a key, each time with a login of its own."""
        public = x509.load_der_x509_certificate(der).public_key()
        return slot_key(opened, place.label, place.key_id, public)

    def _token(self, token: str, pin: str) -> PersonalToken:
        return PersonalToken(self._module(token), token, pin)

    def _module(self, token: str) -> Module:
        """The library. Raises TokenAway where none is configured, or any more."""
        try:
            return Module.of(self._settings)
        except SettingUnusable as error:
            raise TokenAway(field="token", token=token, reason=str(error.context["setting"])) from error


def out_of_reach(session: Session, settings: Settings) -> int:
    """How many people sign with a token that the settings give no way to."""
    query = (
        select(func.count())
        .select_from(PersonToken)
        .join(KeyLocation, KeyLocation.token == PersonToken.token)
        .join(Credential, Credential.certificate_id == KeyLocation.certificate_id)
        .where(Credential.is_active)
    )
    if Path(settings.pkcs11_module or "/nowhere").exists():
        query = query.where(PersonToken.token == settings.pkcs11_token)
    return session.scalar(query) or 0


def read_certificates(data: bytes) -> list[x509.Certificate]:
    """Certificates that were uploaded, PEM or one in DER; none for an empty file. Raises CertificateUnfit."""
    if not data:
        return []
    if len(data) > MOST_BYTES:
        raise CertificateUnfit(field="file", reason="too-large")
    try:
        return read_issuers(data)[:MOST_CERTIFICATES]
    except CertificateUnfit as error:
        raise CertificateUnfit(field="file", reason="unreadable") from error


@dataclass(frozen=True)
class _Opened:
    """A session that is open already, where a key wants a token to sign with."""

    token: PersonalToken
    session: Any

    @property
    def label(self) -> str:
        return self.token.label

    def use(self, act: Callable[[Any], Any]) -> Any:
        return act(self.session)

    def pin_for(self, key: Any) -> str | None:
        return self.token.pin_for(key)


def _look(session: Any, token: PersonalToken, key: str, uploaded: Sequence[x509.Certificate]) -> FoundKey:
    private = _named(session, token.label, key)
    key_id = bytes(_value(private, pkcs11.Attribute.ID) or b"")
    label = str(_value(private, pkcs11.Attribute.LABEL) or "")
    if private.key_type not in _KINDS:
        raise CertificateUnfit(field="key", reason="algorithm")
    inside = _certificates(session)
    own = [*uploaded, *(certificate for found_id, _label, certificate in inside if found_id == key_id)]
    if not own:
        raise CertificateUnfit(field="file", reason="no-certificate")
    own.sort(key=lambda one: one.not_valid_after_utc, reverse=True)
    opened = _Opened(token, session)
    for certificate in own:
        if isinstance(certificate.public_key(), _KINDS[private.key_type]) and _signs(
            opened, label, key_id.hex(), certificate
        ):
            others = [*uploaded, *(one for _id, _label, one in inside)][: 2 * MOST_CERTIFICATES]
            return FoundKey(token.label, label, key_id.hex(), certificate, tuple(others))
    raise CertificateUnfit(field="file", reason="key-differs")


def _named(session: Any, token: str, key: str) -> Any:
    """The one private key of this label or id. Raises TokenKeyMissing, InvalidInput."""
    found = [
        (
            str(_value(one, pkcs11.Attribute.LABEL) or ""),
            bytes(_value(one, pkcs11.Attribute.ID) or b"").hex(),
            one,
        )
        for one in session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY})
    ]
    fitting = sorted((one for one in found if not key or key in one[:2]), key=lambda one: one[:2])
    if not fitting:
        raise TokenKeyMissing(field="key", token=token, label=key or "–")
    if len(fitting) > 1:
        raise InvalidInput(
            field="key", reason=", ".join(f"{label} ({key_id})" for label, key_id, _one in fitting)
        )
    return fitting[0][2]


def _signs(token: Any, label: str, key_id: str, certificate: x509.Certificate) -> bool:
    """Whether the key makes signatures that the certificate's key confirms."""
    key: Any = slot_key(token, label, key_id, certificate.public_key())
    how = (
        (padding.PKCS1v15(), hashes.SHA256()) if isinstance(key, SlotRsaKey) else (ec.ECDSA(hashes.SHA256()),)
    )
    try:
        key.sign(b"vermilion key possession " + os.urandom(32), *how)
    except TokenKeyMissing:
        return False
    return True


def _public_keys(session: Any) -> list[OfferedKey]:
    """The keys of which a token shows the public half or the certificate."""
    attribute = pkcs11.Attribute
    certified = {found_id: (label, one) for found_id, label, one in _certificates(session)}
    labels = {found_id: label for found_id, (label, one) in certified.items() if not _is_authority(one)}
    for one in session.get_objects({attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY}):
        labels[bytes(_value(one, attribute.ID) or b"")] = str(_value(one, attribute.LABEL) or "")
    return [
        _offer(key_id, label, certified[key_id][1] if key_id in certified else None)
        for key_id, label in sorted(labels.items(), key=lambda pair: (pair[1], pair[0]))
    ]


def _offer(key_id: bytes, label: str, certificate: x509.Certificate | None) -> OfferedKey:
    key = key_id.hex() or label
    if certificate is None:
        return OfferedKey(key, label, None, None, None)
    names = common_name(certificate.subject), common_name(certificate.issuer)
    return OfferedKey(key, label, *names, certificate.not_valid_after_utc)


def _certificates(session: Any) -> list[tuple[bytes, str, x509.Certificate]]:
    """Id, label and certificate, for all in a token that can be read."""
    attribute, found = pkcs11.Attribute, []
    for one in session.get_objects({attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE}):
        try:
            certificate = x509.load_der_x509_certificate(bytes(_value(one, attribute.VALUE) or b""))
            certificate.public_bytes(Encoding.DER)
        except ValueError:
            continue
        key_id = bytes(_value(one, attribute.ID) or b"")
        found.append((key_id, str(_value(one, attribute.LABEL) or ""), certificate))
    return found


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _value(found: Any, attribute: pkcs11.Attribute) -> Any:
    try:
        return found[attribute]
    except pkcs11.PKCS11Error:
        return None


def _naming(token: str, label: str, act: Callable[[], None]) -> None:
    """Say which key is missing."""
    try:
        act()
    except TokenKeyMissing as error:
        raise TokenKeyMissing(field="pin", token=token, label=label) from error
