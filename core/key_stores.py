"""Where the master key is kept: a file, the environment, or a file that a PKCS#11 token wraps."""

from __future__ import annotations

import base64
from typing import Final

from core.errors import SettingUnusable
from core.masterkey import FILE_NAME, FileStore, KeyStore, MasterKey, RecoveryKeyInvalid, read_recovery_key
from core.pkcs11 import Token
from core.secrets_given import given
from core.settings import Settings

_WRAPPED: Final = "pkcs11:"


class EnvironmentStore:
    """``VERMILION_MASTER_KEY`` and, while it is being changed, ``VERMILION_MASTER_KEY_PREVIOUS``.

    Both are recovery keys, as ``vermilion master-key new`` writes them.
    """

    is_writable: bool = False

    def read(self) -> tuple[bytes, ...]:
        """The keys of the environment. Raises SettingUnusable; the message does not quote the value."""
        found = []
        for name in ("VERMILION_MASTER_KEY", "VERMILION_MASTER_KEY_PREVIOUS"):
            text = given(name)
            if text:
                try:
                    found.append(read_recovery_key(text))
                except RecoveryKeyInvalid as error:
                    raise SettingUnusable(setting=name, reason="not a recovery key") from error
        return tuple(found)

    def write(self, secrets: tuple[bytes, ...]) -> None:
        """Nothing to write when the environment gives this very key; else the environment is wrong."""
        if secrets != self.read()[:1]:
            raise SettingUnusable(setting="VERMILION_MASTER_KEY", reason="another key")

    def mark(self) -> object:
        """The environment of a running process does not change."""
        return None


class TokenStore(FileStore):
    """The key file, with each key encrypted by an AES key that never leaves the token."""

    def __init__(self, settings: Settings, label: str) -> None:
        super().__init__(settings.home / FILE_NAME)
        self._token = Token.of(settings)
        self._label = label

    def _encode(self, secret: bytes) -> bytes:
        return _WRAPPED.encode() + base64.b64encode(self._token.encrypt(self._label, secret))

    def _decode(self, line: str) -> bytes:
        if not line.startswith(_WRAPPED):
            raise SettingUnusable(
                setting="VERMILION_MASTER_KEY_URL", reason=f"{self.path} is not wrapped by a token"
            )
        return self._token.decrypt(self._label, base64.b64decode(line.removeprefix(_WRAPPED), validate=True))


def open_store(settings: Settings) -> KeyStore:
    """The store that the settings name. Raises SettingUnusable."""
    url = settings.master_key_url
    if given("VERMILION_MASTER_KEY"):
        if url:
            raise SettingUnusable(
                setting="VERMILION_MASTER_KEY_URL", reason="VERMILION_MASTER_KEY is set as well"
            )
        return EnvironmentStore()
    if url.startswith(_WRAPPED) and url != _WRAPPED:
        return TokenStore(settings, url.removeprefix(_WRAPPED))
    if url:
        raise SettingUnusable(setting="VERMILION_MASTER_KEY_URL", reason="pkcs11:LABEL")
    return FileStore(settings.home / FILE_NAME)


def load_master_key(settings: Settings) -> MasterKey | None:
    """The master key that the settings name; None when there is none yet. Raises SettingUnusable."""
    return MasterKey.of(open_store(settings))
