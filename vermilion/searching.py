"""The searcher with all that can be found."""

from __future__ import annotations

import ingest.records
import signing.records
import workflow.records
from core.clock import Clock
from core.database import Database
from core.settings import Settings
from search.opening import open_index
from search.service import Searcher
from search.synonyms import read_synonyms


def open_searcher(settings: Settings, database: Database, clock: Clock) -> Searcher:
    """Opens the index that the settings name. Raises SettingUnusable."""
    searcher = Searcher(
        database,
        open_index(settings.effective_search_url),
        clock,
        settings.zone,
        read_synonyms(settings.search_synonyms),
    )
    for kind, records in (
        ("document", ingest.records),
        ("case", workflow.records),
        ("seal_record", signing.records),
    ):
        searcher.register(kind, records.records, records.ids, records.vocabulary)
    return searcher
