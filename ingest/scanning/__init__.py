"""Pictures and scans: straightened, recognised, and made into searchable PDFs. Runs in the worker only."""

from __future__ import annotations

from ingest.scanning.converting import check, convert

__all__ = ["check", "convert"]
