"""The OCSP responder (RFC 6960) of the issuing authorities, delegated to a key of its own.

Answers without a nonce are signed once and handed out again for a minute; they carry what RFC 5019
asks for, so that proxies keep them too. Those with a nonce are signed each time, over a status that was
looked up within the last minute: *thisUpdate* says when (RFC 6960, 2.4).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from asn1crypto import ocsp
from cryptography.hazmat.primitives.asymmetric import ec, padding
from sqlalchemy import select

from core.clock import Clock
from core.database import Database
from signing.authority import Authority
from signing.encoding import context, element, generalized_time, octets, oid, sequence
from signing.keys import fitting_hash
from signing.members import AuthorityEntry, Member
from signing.models import Certificate, CertificateRole
from signing.renewing import Renewals

MEDIA_TYPE: Final = "application/ocsp-response"
QUERY_MEDIA_TYPE: Final = "application/ocsp-request"
MOST_BYTES: Final = 8192
MOST_CERTIFICATES: Final = 50
VALIDITY: Final = timedelta(hours=1)
"""From thisUpdate to nextUpdate."""
KEPT: Final = timedelta(minutes=1)
_MOST_KEPT: Final = 5000
_LONGEST_NONCE: Final = 128  # RFC 9654, 2.1
_BASIC: Final = oid("1.3.6.1.5.5.7.48.1.1")
_NONCE: Final = oid("1.3.6.1.5.5.7.48.1.2")
_HASHES: Final = ("sha1", "sha256", "sha384", "sha512")
_REASONS: Final = {
    "unspecified": 0, "keyCompromise": 1, "cACompromise": 2, "affiliationChanged": 3, "superseded": 4,
    "cessationOfOperation": 5, "certificateHold": 6, "privilegeWithdrawn": 9, "aACompromise": 10,
}  # fmt: skip
_RSA: Final = {"sha256": "11", "sha384": "12", "sha512": "13"}
_ECDSA: Final = {"sha256": "2", "sha384": "3", "sha512": "4"}
UNREADABLE: Final = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError
)  # fmt: skip
"""What the library raises for bytes that are no request."""
MALFORMED: Final = b"\x30\x03\x0a\x01\x01"
INTERNAL_ERROR: Final = b"\x30\x03\x0a\x01\x02"
TRY_LATER: Final = b"\x30\x03\x0a\x01\x03"
UNAUTHORISED: Final = b"\x30\x03\x0a\x01\x06"


@dataclass(frozen=True)
class Answer:
    """An OCSPResponse (DER). The times are None for one that no cache may keep."""

    der: bytes
    this_update: datetime | None = None
    next_update: datetime | None = None


@dataclass(frozen=True)
class _Asked:
    """One certificate of a request: its id as it was sent, and whose it is."""

    der: bytes
    issuer: AuthorityEntry | None
    serial: int


@dataclass(frozen=True)
class _LookedUp:
    """What the database said of certificates, by serial number, and when."""

    rows: dict[str, Any]
    at: datetime


class Responder:
    """Answers for every issuing authority whose key is here. Safe for many threads."""

    def __init__(self, database: Database, clock: Clock, authority: Authority, renewals: Renewals) -> None:
        self._database = database
        self._clock = clock
        self._authority = authority
        self._renewals = renewals
        self._kept: OrderedDict[tuple[UUID, bytes], Answer] = OrderedDict()
        self._looked_up: OrderedDict[tuple[UUID, frozenset[str]], _LookedUp] = OrderedDict()
        self._hashes: dict[tuple[UUID, str], tuple[bytes, bytes]] = {}
        self._lock = threading.Lock()

    def answer(self, request: bytes) -> Answer:
        """The answer to an OCSPRequest (DER). Never raises for what is in it."""
        try:
            asked, nonce = self._read(request)
        except UNREADABLE:
            return Answer(MALFORMED)
        issuer = next((one.issuer for one in asked if one.issuer is not None), None)
        if issuer is None:
            return Answer(UNAUTHORISED)
        responder = self._responder(issuer)
        if responder is None:
            return Answer(TRY_LATER)
        now = self._clock.now().replace(microsecond=0)
        name = responder.id, b"".join(one.der for one in asked)
        if nonce is None:
            known = self._kept.get(name)
            if known is not None and known.this_update and now - known.this_update < KEPT:
                return known
        made = self._answer(responder, issuer, asked, nonce, now)
        if nonce is not None:
            return Answer(made.der)
        with self._lock:
            self._kept[name] = made
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return made

    def forget(self) -> None:
        """Hand out no answer from before: something was revoked here."""
        with self._lock:
            self._kept.clear()
            self._looked_up.clear()

    def _read(self, request: bytes) -> tuple[list[_Asked], bytes | None]:
        """What is asked, and the nonce. Raises ValueError and others for what is malformed."""
        parsed = ocsp.OCSPRequest.load(request, strict=True)
        body = parsed["tbs_request"]
        body.native  # noqa: B018  # the library parses late; this finds what does not parse
        rows = body["request_list"]
        if body["version"].native != "v1" or not 1 <= len(rows) <= MOST_CERTIFICATES:
            raise ValueError("not v1, or too many certificates")
        nonce = None
        for extension in body["request_extensions"] or ():
            if extension["extn_id"].dotted == "1.3.6.1.5.5.7.48.1.2":
                nonce = extension["extn_value"].contents
                if not 1 <= len(nonce) <= _LONGEST_NONCE + 4:
                    raise ValueError("nonce")
            elif extension["critical"].native:
                raise ValueError("a critical extension that is not known")
        return [self._asked(row["req_cert"]) for row in rows], nonce

    def _asked(self, wanted: Any) -> _Asked:
        method = wanted["hash_algorithm"]["algorithm"].native
        name, key = wanted["issuer_name_hash"].native, wanted["issuer_key_hash"].native
        serial: int = wanted["serial_number"].native
        issuer = None
        if method in _HASHES:
            for one in self._authority.members.entries():
                is_ours = one.role is CertificateRole.ISSUING and one.has_key
                if is_ours and self._hashes_of(one, method) == (name, key):
                    issuer = one
        return _Asked(wanted.dump(), issuer, serial)

    def _hashes_of(self, entry: AuthorityEntry, method: str) -> tuple[bytes, bytes]:
        known = self._hashes.get((entry.id, method))
        if known is None:
            key = bytes(entry.asn1.public_key["public_key"])
            known = (
                hashlib.new(method, entry.asn1.subject.dump()).digest(),
                hashlib.new(method, key).digest(),
            )
            self._hashes[entry.id, method] = known
        return known

    def _responder(self, issuer: AuthorityEntry) -> Member | None:
        """The responder's key of an issuing authority; made where an older installation has none."""
        found = self._authority.members.newest(CertificateRole.OCSP, issuer.id)
        if found is None and issuer.is_good and self._clock.now() < issuer.not_after:
            self._renewals.renew(CertificateRole.OCSP, issuer.id)
            found = self._authority.members.newest(CertificateRole.OCSP, issuer.id)
        return found

    def _answer(
        self,
        responder: Member,
        issuer: AuthorityEntry,
        asked: list[_Asked],
        nonce: bytes | None,
        now: datetime,
    ) -> Answer:
        known = self._look_up(
            issuer, frozenset(f"{one.serial:x}" for one in asked if one.issuer is issuer), now
        )
        rows, since = known.rows, known.at
        until = min(since + VALIDITY, responder.certificate.not_valid_after_utc)
        times = generalized_time(since) + context(0, generalized_time(until))
        singles = [
            sequence(one.der, _status(rows.get(f"{one.serial:x}") if one.issuer is issuer else None), times)
            for one in asked
        ]
        key_hash = hashlib.sha1(bytes(responder.asn1.public_key["public_key"])).digest()  # noqa: S324
        data = sequence(
            context(2, octets(key_hash)),  # byKey is SHA-1 by definition (RFC 6960, 4.2.1)
            generalized_time(now),
            sequence(*singles),
            b"" if nonce is None else context(1, sequence(sequence(_NONCE, octets(nonce)))),
        )
        basic = sequence(
            data,
            *_signed(responder, data),
            context(0, sequence(responder.asn1.dump())),
        )
        wrapped = sequence(_BASIC, octets(basic))
        return Answer(sequence(element(0x0A, b"\x00"), context(0, wrapped)), since, until)

    def _look_up(self, issuer: AuthorityEntry, serials: frozenset[str], now: datetime) -> _LookedUp:
        """What is known of an authority's certificates, at most a minute old."""
        name = issuer.id, serials
        known = self._looked_up.get(name)
        if known is not None and timedelta(0) <= now - known.at < KEPT:
            return known
        with self._database.read() as session:
            found = session.execute(
                select(
                    Certificate.serial_number,
                    Certificate.revoked_at,
                    Certificate.revocation_reason,
                    Certificate.held_at,
                ).where(Certificate.issuer_id == issuer.id, Certificate.serial_number.in_(serials))
            )
            known = _LookedUp({row.serial_number: row for row in found}, now)
        with self._lock:
            self._looked_up[name] = known
            while len(self._looked_up) > _MOST_KEPT:
                self._looked_up.popitem(last=False)
        return known


def _status(row: Any) -> bytes:
    """CertStatus: good, revoked with instant and reason, or unknown for what was never issued."""
    if row is None:
        return element(0x82)
    if row.revoked_at is None and row.held_at is None:
        return element(0x80)
    at = row.revoked_at or row.held_at
    reason = (row.revocation_reason or "unspecified") if row.revoked_at else "certificateHold"
    number = _REASONS.get(reason, 0)
    said = context(0, element(0x0A, bytes([number]))) if number else b""
    return context(1, generalized_time(at.replace(microsecond=0)), said)


def _signed(responder: Member, data: bytes) -> tuple[bytes, bytes]:
    """AlgorithmIdentifier and BIT STRING over the response data."""
    key, method = responder.key, fitting_hash(responder.key)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm = sequence(oid(f"1.2.840.10045.4.3.{_ECDSA[method.name]}"))
        signature = key.sign(data, ec.ECDSA(method))
    else:
        algorithm = sequence(oid(f"1.2.840.113549.1.1.{_RSA[method.name]}"), b"\x05\x00")
        signature = key.sign(data, padding.PKCS1v15(), method)
    return algorithm, element(0x03, b"\x00" + signature)
