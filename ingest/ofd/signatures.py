"""The verdict on the signatures that an OFD came with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ingest.errors import FileRefused
from ingest.ofd.package import Package
from signing.national import ofd_signatures
from signing.verification.verdict import Verdict


def verify(source: Path, trust: Sequence[bytes], at: datetime) -> Verdict:
    """Judge every signature against root certificates (DER). Raises FileBroken where there is no package."""
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with Package(source) as package:

        def read(path: str) -> bytes | None:
            found = package.find("/" + path)
            try:
                return None if found is None else package.read(found)
            except FileRefused:
                return None

        return ofd_signatures.verify(read, package.names(), digest, trust, at)
