"""Secrets that are handed to a process in its environment.

They are taken out of it at the first look, so that no child process inherits them and nothing that
prints an environment shows them. (What the operating system keeps for its own view of a process,
``/proc/<pid>/environ``, is open to the same user and to root only.)
"""

from __future__ import annotations

import os
from typing import Final

NAMES: Final = ("VERMILION_MASTER_KEY", "VERMILION_MASTER_KEY_PREVIOUS", "VERMILION_PKCS11_PIN")
_taken: dict[str, str] = {}


def take_all() -> None:
    """Take every secret out of the environment. Harmless when repeated."""
    for name in NAMES:
        value = os.environ.pop(name, None)
        if value is not None:
            _taken[name] = value


def given(name: str) -> str:
    """The secret, or an empty text."""
    take_all()
    return _taken.get(name, "")


def forget() -> None:
    """Forget what was taken; for tests."""
    _taken.clear()
