"""Verification of a file of whatever format carries signatures: PDF and OFD."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from signing.national.ofd_package import is_zip
from signing.national.ofd_signatures import verify_ofd
from signing.source import Source
from signing.verification.verdict import Verdict
from signing.verification.verifier import verify_pdf


def verify_file(file: bytes | Source, trust: Sequence[bytes], at: datetime) -> Verdict:
    """Judge every signature and seal of a file.

    ``trust`` holds root certificates (DER); ``at`` is the moment of the judgement. Never raises for
    what is in the file: what is neither PDF nor OFD is *indeterminate* with ``not-a-pdf``.
    """
    source = Source.of(file) if isinstance(file, bytes) else file
    head = source.data[:1024]
    if is_zip(head) and b"%PDF-" not in head:
        return verify_ofd(source.data[:], trust, at)
    return verify_pdf(source, trust, at)
