"""Settings: a URL chooses the back-end, and what cannot work is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingUnusable
from core.i18n import translator
from core.settings import Settings


def test_everything_embedded_lives_below_the_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.check()
    for url in (
        settings.effective_database_url,
        settings.effective_objects_url,
        settings.effective_search_url,
        settings.effective_backup_url,
    ):
        assert str(tmp_path) in url


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"database_url": "mysql://x"}, "VERMILION_DATABASE_URL"),
        ({"objects_url": "ftp://x"}, "VERMILION_OBJECTS_URL"),
        ({"search_url": "solr://x"}, "VERMILION_SEARCH_URL"),
        ({"broker_url": "kafka://x"}, "VERMILION_BROKER_URL"),
        ({"backup_url": "nothing"}, "VERMILION_BACKUP_URL"),
        ({"timestamp_url": "ftp://x"}, "VERMILION_TIMESTAMP_URL"),
        ({"listen": "8600"}, "VERMILION_LISTEN"),
        ({"listen": "127.0.0.1:70000"}, "VERMILION_LISTEN"),
        ({"time_zone": "Mars/Olympus"}, "VERMILION_TIME_ZONE"),
    ],
)
def test_a_setting_that_cannot_work_is_named_in_one_line(values: dict[str, str], setting: str) -> None:
    with pytest.raises(SettingUnusable) as refused:
        Settings.model_validate(values).check()
    for language in ("zh-CN", "en"):
        line = translator(language).error(refused.value)
        assert setting in line and "\n" not in line


@pytest.mark.parametrize("url", ["postgresql://u@h/d", "postgres://u@h/d"])
def test_postgresql_is_reached_through_psycopg(url: str) -> None:
    assert Settings(database_url=url).effective_database_url == "postgresql+psycopg://u@h/d"


def test_a_unix_socket_can_be_listened_at() -> None:
    assert Settings(listen="unix:/run/vermilion.sock").listen_address() == Path("/run/vermilion.sock")
    assert Settings(listen="[::1]:8600").listen_address() == ("::1", 8600)
