"""Errors of search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.errors import VermilionError

if TYPE_CHECKING:
    from search.index import Key


class PageTooDeep(VermilionError):
    """Nobody reads that far; narrow the search. Context: ``field``, ``limit`` (results)."""

    code = "page-too-deep"
    status = 422


class KindUnknown(VermilionError):
    """No such kind of thing can be searched for. Context: ``field``, ``kind``."""

    code = "search-kind-unknown"
    status = 422


class IndexBusy(VermilionError):
    """Another process goes on writing to the embedded index. Context: ``folder``, ``seconds`` waited."""

    code = "index-busy"
    status = 503


class SearchUnavailable(VermilionError):
    """The index does not answer or is damaged; it is made again by itself. Context: ``reason``."""

    code = "search-unavailable"
    status = 503


class RebuildSuperseded(VermilionError):
    """Another rebuild of the index was started, or the index replaced. Context: ``name``."""

    code = "rebuild-superseded"
    status = 409


class RecordUnsettled(VermilionError):
    """A thing changed faster than it could be indexed; the job is tried again. Context: ``kind``."""

    code = "record-unsettled"
    status = 503


class RecordRefused(VermilionError):
    """The index will never take some records as they are. Context: ``record``, ``reason``, ``count``.

    ``refused`` has all of them with why; ``record`` and ``reason`` name the first.
    """

    code = "record-refused"
    status = 500

    def __init__(self, refused: Mapping[Key, str]) -> None:
        first, reason = next(iter(refused.items()))
        super().__init__(record=f"{first.kind} {first.id}", reason=reason, count=len(refused))
        self.refused = dict(refused)


class StoredQueryUnknown(VermilionError):
    """A kept query was written by a newer program. Context: ``version``."""

    code = "stored-query-unknown"
    status = 409


class SavedSearchNameTaken(VermilionError):
    """The person has a saved search of this name. Context: ``field``, ``name``."""

    code = "saved-search-name-taken"
    status = 409


class TooManySavedSearches(VermilionError):
    """The person keeps as many searches as one may. Context: ``limit``."""

    code = "too-many-saved-searches"
    status = 409


class SearchTooWide(VermilionError):
    """It finds too much for notices of what is new. Context: ``field``, ``limit`` (records)."""

    code = "search-too-wide"
    status = 422


class TooManyExports(VermilionError):
    """The person's earlier exports are still being written. Context: ``limit``."""

    code = "too-many-exports"
    status = 409


class ExportFileThere(VermilionError):
    """An export to a file never writes over another one. Context: ``file``."""

    code = "export-file-there"
    status = 409


class ExportFormatUnknown(VermilionError):
    """The file's name does not say a format. Context: ``file``, ``known``."""

    code = "export-format-unknown"
    status = 422


class ExportNotReady(VermilionError):
    """The file is not written yet, or could not be. Context: ``state``."""

    code = "export-not-ready"
    status = 409


class ExportOutdated(VermilionError):
    """The person may not see everything in the file any more. Context: ``count`` (records)."""

    code = "export-outdated"
    status = 409
