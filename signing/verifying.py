"""Verification of a file of whatever format carries signatures: PDF and OFD."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from signing.national.ofd_package import is_zip
from signing.national.ofd_signatures import verify_ofd
from signing.verification.verdict import Verdict
from signing.verification.verifier import verify_pdf


def verify_file(data: bytes, trust: Sequence[bytes], at: datetime) -> Verdict:
    """Judge every signature and seal of a file.

    ``trust`` holds root certificates (DER); ``at`` is the moment of the judgement. Never raises for
    what is in the file: what is neither PDF nor OFD is *indeterminate* with ``not-a-pdf``.
    """
    if is_zip(data) and b"%PDF-" not in data[:1024]:
        return verify_ofd(data, trust, at)
    return verify_pdf(data, trust, at)
