"""The home folder serves one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.home import HomeInUse, HomeLock


def test_a_second_process_is_told_that_the_home_is_in_use(tmp_path: Path) -> None:
    with HomeLock(tmp_path), pytest.raises(HomeInUse):
        HomeLock(tmp_path).acquire()
    with HomeLock(tmp_path):
        pass
