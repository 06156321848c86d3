"""What travels between the server and a root that lives offline: a request, and the answer to it.

Both are JSON with a version. A request is not secret and not signed: whoever answers reads what it asks
for, and compares its SHA-256 with what the server showed. All of an answer that counts is signed by the
root: the certificate and the revocation list.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing.errors import RequestUnfit

VERSION: Final = 1
MOST_BYTES: Final = 5_000_000
_REQUEST: Final = "vermilion root request"
_ANSWER: Final = "vermilion root answer"
Read = TypeVar("Read")


@dataclass(frozen=True)
class Revoked:
    """An issuing certificate that the root's list has to name."""

    serial: int
    at: datetime
    reason: x509.ReasonFlags


@dataclass(frozen=True)
class Request:
    """What the server asks of the root. ``root`` is the SHA-256 of its certificate, where one is installed;
    ``signing_request`` is for a new issuing authority, None where only a new list is wanted;
    ``list_number`` is that of the newest list at the server."""

    number: UUID
    made_at: datetime
    root: str | None
    signing_request: x509.CertificateSigningRequest | None
    list_url: str
    certificate_url: str
    list_number: int
    revoked: tuple[Revoked, ...]


@dataclass(frozen=True)
class Answer:
    """What the root gives: always a new list, and a certificate where one was asked for."""

    number: UUID
    root: x509.Certificate
    certificate: x509.Certificate | None
    revocation_list: x509.CertificateRevocationList


def write_request(request: Request) -> bytes:
    """The file of a request."""
    signing = request.signing_request
    return _write(
        _REQUEST,
        {
            "number": str(request.number),
            "made_at": request.made_at.isoformat(),
            "root": request.root,
            "certificate": signing.public_bytes(Encoding.PEM).decode() if signing else None,
            "list_url": request.list_url,
            "certificate_url": request.certificate_url,
            "list_number": request.list_number,
            "revoked": [
                {"serial": f"{one.serial:x}", "at": one.at.isoformat(), "reason": one.reason.value}
                for one in request.revoked
            ],
        },
    )


def read_request(data: bytes) -> Request:
    """The reverse of ``write_request``. Raises RequestUnfit (unreadable, newer, broken-signature)."""

    def read(found: Mapping[str, Any]) -> Request:
        signing = found["certificate"]
        return Request(
            UUID(found["number"]),
            _moment(found["made_at"]),
            None if found["root"] is None else str(found["root"]),
            None if signing is None else x509.load_pem_x509_csr(signing.encode()),
            str(found["list_url"]),
            str(found["certificate_url"]),
            int(found["list_number"]),
            tuple(
                Revoked(int(one["serial"], 16), _moment(one["at"]), x509.ReasonFlags(one["reason"]))
                for one in found["revoked"]
            ),
        )

    request = _read(_REQUEST, data, read)
    if request.signing_request is not None and not request.signing_request.is_signature_valid:
        raise RequestUnfit(reason="broken-signature")
    return request


def write_answer(answer: Answer) -> bytes:
    """The file of an answer."""
    certificate = answer.certificate
    return _write(
        _ANSWER,
        {
            "number": str(answer.number),
            "root": answer.root.public_bytes(Encoding.PEM).decode(),
            "certificate": certificate.public_bytes(Encoding.PEM).decode() if certificate else None,
            "list": answer.revocation_list.public_bytes(Encoding.PEM).decode(),
        },
    )


def read_answer(data: bytes) -> Answer:
    """The reverse of ``write_answer``; nothing in it is believed yet. Raises RequestUnfit."""

    def read(found: Mapping[str, Any]) -> Answer:
        certificate = found["certificate"]
        return Answer(
            UUID(found["number"]),
            x509.load_pem_x509_certificate(found["root"].encode()),
            None if certificate is None else x509.load_pem_x509_certificate(certificate.encode()),
            x509.load_pem_x509_crl(found["list"].encode()),
        )

    return _read(_ANSWER, data, read)


def _write(kind: str, content: Mapping[str, object]) -> bytes:
    return json.dumps({"format": kind, "version": VERSION, **content}, indent=1).encode() + b"\n"


def _read(kind: str, data: bytes, read: Callable[[Mapping[str, Any]], Read]) -> Read:
    if len(data) > MOST_BYTES:
        raise RequestUnfit(field="file", reason="unreadable")
    try:
        found = json.loads(data)
        if found["format"] != kind:
            raise RequestUnfit(field="file", reason="unreadable")
        if int(found["version"]) > VERSION:
            raise RequestUnfit(field="file", reason="newer")
        return read(found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RequestUnfit(field="file", reason="unreadable") from error


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment
