"""Opens the index that a URL names."""

from __future__ import annotations

from pathlib import Path

from core.errors import SettingUnusable
from search.index import Index
from search.tantivy_index import TantivyIndex


def open_index(url: str, setting: str = "VERMILION_SEARCH_URL") -> Index:
    """The index of ``tantivy:FOLDER``. Raises SettingUnusable when it cannot be used."""
    scheme, _, place = url.partition(":")
    if scheme != "tantivy":
        raise SettingUnusable(setting=setting, reason=f"'{scheme}' is not tantivy")
    if not place:
        raise SettingUnusable(setting=setting, reason="tantivy: names no folder")
    return TantivyIndex(Path(place))
