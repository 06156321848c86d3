"""The verdict on the signatures of an OFD, by ``signing.national``, over the package as it lies there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ingest.errors import FileRefused
from ingest.ofd.package import Package
from signing.national import ofd_signatures
from signing.verification.verdict import Verdict


def judge(source: Path, trust: Sequence[bytes], at: datetime) -> Verdict:
    """Judge every signature; ``trust`` holds root certificates (DER). Raises FileBroken for no package."""
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with Package(source) as package:

        def read(path: str) -> bytes | None:
            try:
                return package.read(path)
            except FileRefused:
                return None

        return ofd_signatures.verify(read, package.written_names(), digest, trust, at)
