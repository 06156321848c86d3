"""How long the evidence of a file holds: its newest document time-stamp, and what ends it.

A document time-stamp protects all before it until its authority's certificate ends or its algorithm is
no longer thought safe; before that the next one must cover it (EN 319 142-1, 5.5; RFC 4998 has the same
idea for archives).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from asn1crypto import cms, x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pyhanko.pdf_utils.misc import PdfError

from signing.errors import SigningRefused
from signing.form import signature_fields
from signing.pdf_reader import Reader
from signing.source import Source
from signing.strength import end_of_digest, end_of_key

_BROKEN: Final = (PdfError, KeyError, ValueError, TypeError, IndexError, AttributeError)
_PKCS1_ENDS: Final = datetime(2029, 1, 1, tzinfo=UTC)
"""Strict validators warn of RSA with PKCS#1 v1.5 from then on: it is renewed before its own end."""


@dataclass(frozen=True)
class Stamped:
    """The newest document time-stamp of a file: when it was made, and until when it holds."""

    at: datetime
    holds_until: datetime


def newest_stamp(path: Path) -> Stamped | None:
    """The newest document time-stamp; None where there is none. Raises SigningRefused for a broken file.

    Only what stands in the file is read, nothing is verified: that is ``signing.verification``'s.
    """
    with Source.opened(path) as source:
        try:
            reader = Reader(source)
            tokens = [
                bytes(field.dictionary["/V"]["/Contents"])
                for field in signature_fields(reader)
                if field.is_signed and str(field.dictionary["/V"].get("/SubFilter")) == "/ETSI.RFC3161"
            ]
            found = [_stamped(token) for token in tokens]
        except (
            PdfError,
            KeyError,
            ValueError,
            TypeError,
            IndexError,
            AttributeError,
            UnsupportedAlgorithm,
        ) as error:
            raise SigningRefused(reason=type(error).__name__) from error
    return max(found, key=lambda one: one.at, default=None)


def _stamped(token: bytes) -> Stamped:
    signed: Any = cms.ContentInfo.load(token)["content"]
    info = signed["signer_infos"][0]
    serial = info["sid"].chosen["serial_number"].native
    certificates: list[x509.Certificate] = [one.chosen for one in signed["certificates"]]
    authority = next(one for one in certificates if one.serial_number == serial)
    made = signed["encap_content_info"]["content"].parsed["gen_time"].native
    key = load_der_public_key(authority.public_key.dump())
    ends = (
        authority.not_valid_after,
        end_of_digest(info["digest_algorithm"]["algorithm"].native),
        end_of_key(key),
        _PKCS1_ENDS if info["signature_algorithm"].signature_algo == "rsassa_pkcs1v15" else None,
    )
    return Stamped(made, min(one for one in ends if one is not None))
