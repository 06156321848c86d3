"""Keys in a PKCS#11 slot: their private half never leaves the token.

The classes are those of the ``cryptography`` package, so that everything which signs takes them. A
digest is made here and signed there: ECDSA by the raw mechanism, whose result r‖s becomes DER; RSA by
the raw PKCS#1 v1.5 mechanism over a DigestInfo (RFC 8017, 9.2). What comes back is checked with the
certificate's key: another key under the same name never makes a signature that does not hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from uuid import UUID

import pkcs11
from asn1crypto import algos
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from asn1crypto.core import Null
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from pkcs11.util.ec import encode_ec_public_key
from pkcs11.util.rsa import encode_rsa_public_key
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.pkcs11 import PersonalToken, PinRefused, Token, TokenKeyMissing, TokenUnavailable
from core.settings import Settings
from signing.authority import Authority
from signing.custody_models import KeyLocation
from signing.models import Certificate
from signing.pades import SigningKey

_DIGESTS: Final = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


@dataclass(frozen=True)
class SlotKeyView:
    """A private key in the token, and whether a certificate lies beside it."""

    label: str
    key_id: str
    kind: str
    has_certificate: bool


@dataclass(frozen=True)
class SlotKeyFound:
    """A key of the token as it was read: public half (SubjectPublicKeyInfo), certificates, own first."""

    token: str
    label: str
    key_id: str
    public_key: bytes
    certificates: tuple[bytes, ...]


class _InSlot:
    """What both kinds share: where the key is."""

    def __init__(self, token: Token | PersonalToken, label: str, key_id: str, public: Any) -> None:
        self._token = token
        self._label = label
        self._key_id = key_id
        self._public = public

    @property
    def key_size(self) -> int:
        return int(self._public.key_size)

    def public_key(self) -> Any:
        return self._public

    def _sign(self, data: bytes, mechanism: Any) -> bytes:
        def act(session: Any) -> bytes:
            key = private_key(session, self._label, self._key_id)
            return bytes(key.sign(data, mechanism=mechanism, pin=self._token.pin_for(key)))

        try:
            return self._token.use(act)
        except TokenKeyMissing as error:
            raise self._missing() from error
        except PinRefused as error:  # it was changed since it was judged
            raise TokenUnavailable(token=self._token.label, reason=pkcs11.PinIncorrect.__name__) from error

    def _missing(self) -> TokenKeyMissing:
        return TokenKeyMissing(token=self._token.label, label=self._label)

    def _never(self, *_arguments: Any, **_more: Any) -> NoReturn:
        raise ValueError("the key does not leave its token")


class SlotEcKey(_InSlot, ec.EllipticCurvePrivateKey):
    """An elliptic-curve key in the token."""

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve  # type: ignore[no-any-return]

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        digest = _digest(bytes(data), signature_algorithm.algorithm)
        raw = self._sign(digest, pkcs11.Mechanism.ECDSA)
        half = len(raw) // 2
        made = encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
        try:
            self._public.verify(made, data, signature_algorithm)
        except InvalidSignature as error:
            raise self._missing() from error
        return made

    exchange = _InSlot._never
    private_numbers = _InSlot._never
    private_bytes = _InSlot._never

    def __copy__(self) -> SlotEcKey:
        return self

    def __deepcopy__(self, memo: object) -> SlotEcKey:
        return self


class SlotRsaKey(_InSlot, rsa.RSAPrivateKey):
    """An RSA key in the token. Only PKCS#1 v1.5 signatures are made."""

    def sign(self, data: Any, padding_: Any, algorithm: Any) -> bytes:
        if not isinstance(padding_, padding.PKCS1v15):
            raise ValueError("PKCS#1 v1.5 only")
        digest = _digest(bytes(data), algorithm)
        name = (algorithm._algorithm if isinstance(algorithm, Prehashed) else algorithm).name
        info = algos.DigestInfo({"digest_algorithm": {"algorithm": name}, "digest": digest})
        info["digest_algorithm"]["parameters"] = Null()
        made = self._sign(info.dump(), pkcs11.Mechanism.RSA_PKCS)
        try:
            self._public.verify(made, data, padding_, algorithm)
        except InvalidSignature as error:
            raise self._missing() from error
        return made

    decrypt = _InSlot._never
    private_numbers = _InSlot._never
    private_bytes = _InSlot._never

    def __copy__(self) -> SlotRsaKey:
        return self

    def __deepcopy__(self, memo: object) -> SlotRsaKey:
        return self


class SlotKeys:
    """Finds keys in the token of the settings. ``signing.seal_keys`` gives them to seals."""

    def __init__(self, settings: Settings, authority: Authority) -> None:
        self._settings = settings
        self._authority = authority

    def found(self) -> list[SlotKeyView]:
        """The private keys in the token. Raises SettingUnusable, TokenUnavailable."""

        def act(session: Any) -> list[SlotKeyView]:
            attribute = pkcs11.Attribute
            certified = {
                bytes(one[attribute.ID]).hex()
                for one in session.get_objects({attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE})
            }
            keys = []
            for one in session.get_objects({attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}):
                key_id = bytes(one[attribute.ID]).hex()
                kind = "EC" if one.key_type == pkcs11.KeyType.EC else one.key_type.name
                keys.append(SlotKeyView(one.label, key_id, kind, key_id in certified))
            return sorted(keys, key=lambda one: (one.label, one.key_id))

        return Token.of(self._settings).use(act)

    def key(self, session: Session, certificate_id: UUID) -> SigningKey | None:
        """The key of a certificate, where it lies in the slot; None where it does not."""
        place = session.get(KeyLocation, certificate_id)
        if place is None:
            return None
        row = session.get_one(Certificate, certificate_id)
        public = x509.load_der_x509_certificate(row.der).public_key()
        key = slot_key(self._token(place.token), place.label, place.key_id, public)
        certificate = asn1_x509.Certificate.load(row.der)
        chain = self._authority.chain_of(certificate)
        return SigningKey(certificate, key, chain, self._settings.signature_digest)

    def look(self, label: str) -> SlotKeyFound:
        """Read a key's public half and certificates; calls the token, so outside transactions.

        Raises TokenUnavailable, and TokenKeyMissing too where no token is configured.
        """
        if not self._settings.pkcs11_module:
            raise TokenKeyMissing(field="label", token=self._settings.pkcs11_token or "–", label=label)
        token = Token.of(self._settings)
        key_id, public_key, certificates = token.use(lambda opened: _read(opened, token.label, label))
        return SlotKeyFound(token.label, label, key_id, public_key, tuple(certificates))

    def _token(self, label: str) -> Token:
        return Token.of(self._settings.model_copy(update={"pkcs11_token": label}))


def slot_key(token: Token | PersonalToken, label: str, key_id: str, public: Any) -> SlotEcKey | SlotRsaKey:
    """The key of a token under this label and id (hex), whose public half is known. Raises InvalidInput."""
    if isinstance(public, rsa.RSAPublicKey):
        return SlotRsaKey(token, label, key_id, public)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return SlotEcKey(token, label, key_id, public)
    raise InvalidInput(field="label", reason="EC, RSA")


def private_key(session: Any, label: str, key_id: str) -> Any:
    """A private key in an open session. Raises NoSuchKey, MultipleObjectsReturned."""
    return _only(session, pkcs11.ObjectClass.PRIVATE_KEY, label, bytes.fromhex(key_id))


def _only(session: Any, kind: pkcs11.ObjectClass, label: str, key_id: bytes = b"") -> Any:
    """The one object of a kind with this label, and id where one is given.

    The search is gone through to its end: python-pkcs11 would end one that was left half done when it
    is collected, when another call to the library may run.
    """
    wanted: dict[Any, Any] = {pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.LABEL: label}
    if key_id:
        wanted[pkcs11.Attribute.ID] = key_id
    found = list(session.get_objects(wanted))
    if not found:
        raise pkcs11.NoSuchKey(label)
    if len(found) > 1:
        raise pkcs11.MultipleObjectsReturned(label)
    return found[0]


def _read(session: Any, token: str, label: str) -> tuple[str, bytes, list[bytes]]:
    """The key's id, its public key (SubjectPublicKeyInfo), and its certificate with the chain above."""
    attribute = pkcs11.Attribute
    try:
        private = _only(session, pkcs11.ObjectClass.PRIVATE_KEY, label)
    except pkcs11.NoSuchKey as error:
        raise TokenKeyMissing(token=token, label=label) from error
    key_id = bytes(private[attribute.ID])
    everything = [
        bytes(one[attribute.VALUE])
        for one in session.get_objects({attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE})
    ]
    own = [
        bytes(one[attribute.VALUE])
        for one in session.get_objects(
            {attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE, attribute.ID: key_id}
        )
    ]
    chain = _chain(own[0], everything) if own else []
    if own:
        found = x509.load_der_x509_certificate(own[0]).public_key()
        spki = found.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return key_id.hex(), spki, chain
    public = _only(session, pkcs11.ObjectClass.PUBLIC_KEY, label, key_id)
    if public.key_type == pkcs11.KeyType.RSA:
        return key_id.hex(), _rsa_spki(encode_rsa_public_key(public)), chain
    return key_id.hex(), bytes(encode_ec_public_key(public)), chain


def _rsa_spki(pkcs1: bytes) -> bytes:
    """An RSAPublicKey of PKCS#1 as SubjectPublicKeyInfo."""
    return bytes(
        asn1_keys.PublicKeyInfo(
            {"algorithm": {"algorithm": "rsa"}, "public_key": asn1_keys.RSAPublicKey.load(pkcs1)}
        ).dump()
    )


def _chain(own: bytes, everything: Sequence[bytes]) -> list[bytes]:
    """A certificate and those above it that lie in the slot, a root left out."""
    by_subject = {x509.load_der_x509_certificate(one).subject: one for one in everything}
    found, current = [own], x509.load_der_x509_certificate(own)
    while current.issuer != current.subject and current.issuer in by_subject and len(found) < 10:
        above = by_subject[current.issuer]
        current = x509.load_der_x509_certificate(above)
        if current.issuer == current.subject:
            break
        found.append(above)
    return found


def _digest(data: bytes, algorithm: Any) -> bytes:
    if isinstance(algorithm, Prehashed):
        return data
    made: hashes.HashAlgorithm = algorithm
    if made.name not in _DIGESTS:
        raise ValueError(made.name)
    return _DIGESTS[made.name](data).digest()
