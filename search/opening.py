"""Opens the index that a URL names."""

from __future__ import annotations

from pathlib import Path

from core.errors import SettingUnusable
from core.settings import Settings
from search.elastic_address import SCHEMES, Access, read_address
from search.index import Index
from search.tantivy_index import TantivyIndex


def open_index(url: str, access: Access = Access(), setting: str = "VERMILION_SEARCH_URL") -> Index:
    """The index of ``tantivy:FOLDER`` or ``elasticsearch+https://HOST/PREFIX``.

    Raises SettingUnusable when it cannot be used. A cluster that does not answer may come back: it is
    opened all the same, and every call says that it is away.
    """
    scheme, _, place = url.partition(":")
    if scheme in SCHEMES:
        from search.elastic_index import ElasticIndex  # its client takes a quarter of a second to import

        return ElasticIndex(read_address(url, access, setting), setting)
    if scheme != "tantivy":
        raise SettingUnusable(
            setting=setting, reason=f"'{scheme}' is not tantivy, elasticsearch+http or elasticsearch+https"
        )
    if not place:
        raise SettingUnusable(setting=setting, reason="tantivy: names no folder")
    return TantivyIndex(Path(place))


def open_index_of(settings: Settings) -> Index:
    """The index that the settings name. Raises SettingUnusable."""
    access = Access(settings.search_ca_file, settings.search_password_file, settings.search_api_key_file)
    return open_index(settings.effective_search_url, access)
