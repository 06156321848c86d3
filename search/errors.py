"""Errors of search."""

from __future__ import annotations

from core.errors import VermilionError


class IndexBusy(VermilionError):
    """Another process writes the index."""

    code = "index-busy"
    status = 503


class IndexUnavailable(VermilionError):
    """The index does not answer. Context: ``reason``."""

    code = "index-unavailable"
    status = 503
