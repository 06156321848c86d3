"""A SoftHSM token for tests: a real PKCS#11 library, its keys in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.pkcs11 import Token
from core.settings import Settings

PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
PIN = "7391-4402"


@dataclass(frozen=True)
class SoftToken:
    """A token with its folder; ``settings`` gives what the product needs to use it."""

    module: str
    label: str
    folder: Path
    pin_file: Path

    def settings(self, home: Path, **more: Any) -> dict[str, Any]:
        return {
            "pkcs11_module": self.module,
            "pkcs11_token": self.label,
            "pkcs11_pin_file": self.pin_file,
            **more,
        }

    def token(self) -> Token:
        return Token.of(Settings(**self.settings(self.folder)))


def make_token(folder: Path, label: str = "vermilion-test") -> SoftToken:
    """A fresh token; skips where SoftHSM is not on this machine."""
    module = next((place for place in PLACES if Path(place).exists()), None)
    program = shutil.which("softhsm2-util")
    if module is None or program is None:
        pytest.skip("SoftHSM (softhsm2) is not on this machine")
    (folder / "tokens").mkdir(parents=True)
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    subprocess.run(
        [program, "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "12345678"],
        check=True,
        capture_output=True,
    )
    pin_file = folder / "pin"
    pin_file.write_text(PIN + "\n")
    pin_file.chmod(0o600)
    return SoftToken(module, label, folder, pin_file)
