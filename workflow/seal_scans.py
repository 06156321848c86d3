"""A photo or scan of a seal's print, from the file that somebody uploads to what a seal can be made with."""

from __future__ import annotations

from typing import BinaryIO

from core.permissions import Principal
from ingest.service import IngestService
from signing import seal_powers
from signing.models import SealScan
from signing.service import SigningService


def take(ingest: IngestService, signing: SigningService, actor: Principal, file: BinaryIO) -> SealScan:
    """Take the print out of a picture file (or the first page of a PDF) and keep both; own transactions.

    The file is parsed in the sandbox. Raises Forbidden, a FileRefused, PrintMissing, SeveralPrints.
    """
    seal_powers.require_asker(actor)
    read = ingest.plain_picture(file)
    return signing.scans.take(actor, read.original, read.png)
