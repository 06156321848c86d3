"""Opens the index back-end that a URL names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.errors import SettingUnusable
from search.index import Index
from search.tantivy_index import TantivyIndex


def open_index(url: str) -> Index:
    """The back-end of ``tantivy:FOLDER``. Raises SettingUnusable when it cannot be used."""
    parts = urlsplit(url)
    if parts.scheme != "tantivy":
        raise SettingUnusable(setting="VERMILION_SEARCH_URL", reason=f"'{parts.scheme}' is not tantivy")
    try:
        return TantivyIndex(Path(unquote(parts.path)))
    except (OSError, ValueError) as error:
        raise SettingUnusable(setting="VERMILION_SEARCH_URL", reason=str(error)[:160]) from error
