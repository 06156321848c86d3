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
from pyhanko.pdf_utils.misc import PdfError

from signing.errors import SigningRefused
from signing.form import signature_fields
from signing.pdf_reader import Reader
from signing.source import Source

_STRENGTH_ENDS: Final = {
    "rsassa_pkcs1v15": datetime(2029, 1, 1, tzinfo=UTC),  # strict validators warn from then on
    "sha1": datetime(2017, 1, 1, tzinfo=UTC),
}
"""When what protects a time-stamp is no longer thought safe; what is not named has no end yet."""


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
        except (PdfError, KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise SigningRefused(reason=type(error).__name__) from error
    return max(found, key=lambda one: one.at, default=None)


def _stamped(token: bytes) -> Stamped:
    signed: Any = cms.ContentInfo.load(token)["content"]
    info = signed["signer_infos"][0]
    serial = info["sid"].chosen["serial_number"].native
    certificates: list[x509.Certificate] = [one.chosen for one in signed["certificates"]]
    authority = next(one for one in certificates if one.serial_number == serial)
    made = signed["encap_content_info"]["content"].parsed["gen_time"].native
    ends = [authority.not_valid_after]
    for name in (info["signature_algorithm"].signature_algo, info["digest_algorithm"]["algorithm"].native):
        if name in _STRENGTH_ENDS:
            ends.append(_STRENGTH_ENDS[name])
    return Stamped(made, min(ends))
