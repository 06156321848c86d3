"""The Chinese fonts that come with the product (Noto Sans SC and Noto Serif SC, OFL)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import pylopdf_fonts_zh_cn

SANS: Final = "NotoSansSC-Regular.otf"
SERIF: Final = "NotoSerifSC-Regular.otf"


@cache
def folder() -> Path:
    """Where they lie: what typst gets as ``font_paths``."""
    return Path(pylopdf_fonts_zh_cn.__file__).parent


def path(name: str) -> Path:
    """The file of ``SANS`` or ``SERIF``."""
    return folder() / name
