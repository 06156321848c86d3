"""One PKCS#11 token for the process: the login is the process's own, and one call runs at a time.

A token that went away (pulled out, restarted, ended by its daemon) is looked for again once at each
use; what then still fails is said in words. The PIN comes from ``VERMILION_PKCS11_PIN`` or from the
file that ``VERMILION_PKCS11_PIN_FILE`` names, and is never logged.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import NoSuchKey, NoSuchToken, PinIncorrect, PinLocked, PKCS11Error

from core.errors import SettingUnusable, VermilionError
from core.secrets_given import given
from core.settings import Settings

Result = TypeVar("Result")
_NONCE: Final = 12


class TokenUnavailable(VermilionError):
    """The PKCS#11 token cannot be used now. Context: ``token``, ``reason`` (a name of PKCS#11's)."""

    code = "token-unavailable"
    status = 503


class TokenKeyMissing(VermilionError):
    """The token has no such key. Context: ``token``, ``label``."""

    code = "token-key-missing"
    status = 409


class Token:
    """A token with the process's one session in it."""

    _known: ClassVar[dict[tuple[str, str], Token]] = {}
    _making: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, module: str, label: str, pin: Callable[[], str]) -> None:
        self.label = label
        self._module = module
        self._pin = pin
        self._session: Any = None
        self._process = 0
        self._lock = threading.RLock()

    @classmethod
    def of(cls, settings: Settings) -> Token:
        """The token of the settings. Raises SettingUnusable."""
        if not settings.pkcs11_module or not settings.pkcs11_token:
            raise SettingUnusable(
                setting="VERMILION_PKCS11_MODULE", reason="VERMILION_PKCS11_MODULE, VERMILION_PKCS11_TOKEN"
            )
        if not Path(settings.pkcs11_module).exists():
            raise SettingUnusable(setting="VERMILION_PKCS11_MODULE", reason=settings.pkcs11_module)
        with cls._making:
            key = (settings.pkcs11_module, settings.pkcs11_token)
            if key not in cls._known:
                cls._known[key] = cls(*key, lambda: _pin(settings))
            return cls._known[key]

    def use(self, act: Callable[[Any], Result]) -> Result:
        """Do something in the session. Raises TokenUnavailable, TokenKeyMissing."""
        with self._lock:
            try:
                if self._session is None or self._process != os.getpid():
                    self._open(again=self._session is not None)
                return act(self._session)
            except NoSuchKey as error:
                raise TokenKeyMissing(token=self.label, label="") from error
            except (PKCS11Error, RuntimeError) as error:
                if isinstance(error, PinIncorrect | PinLocked):
                    raise TokenUnavailable(token=self.label, reason=type(error).__name__) from error
            try:  # the token may have been away; look for it once more
                self._open(again=True)
                return act(self._session)
            except NoSuchKey as error:
                raise TokenKeyMissing(token=self.label, label="") from error
            except (PKCS11Error, RuntimeError) as error:
                self._session = None
                raise TokenUnavailable(token=self.label, reason=type(error).__name__) from error

    def _open(self, *, again: bool) -> None:
        library = pkcs11.lib(self._module)
        self._session = None
        if again:
            library.reinitialize()
        token = library.get_token(token_label=self.label)
        self._session = token.open(rw=True, user_pin=self._pin())
        self._process = os.getpid()

    def encrypt(self, label: str, plaintext: bytes) -> bytes:
        """AES-256-GCM by the token's secret key of this label; the nonce goes before the result."""

        def act(session: Any) -> bytes:
            key = _secret_key(session, label)
            nonce = os.urandom(_NONCE)
            return nonce + bytes(
                key.encrypt(plaintext, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce=nonce))
            )

        return self._named(label, act)

    def decrypt(self, label: str, sealed: bytes) -> bytes:
        """The reverse of ``encrypt``."""

        def act(session: Any) -> bytes:
            parameters = GCMParams(nonce=sealed[:_NONCE])
            return bytes(
                _secret_key(session, label).decrypt(
                    sealed[_NONCE:], mechanism=Mechanism.AES_GCM, mechanism_param=parameters
                )
            )

        return self._named(label, act)

    def _named(self, label: str, act: Callable[[Any], Result]) -> Result:
        try:
            return self.use(act)
        except TokenKeyMissing as error:
            raise TokenKeyMissing(token=self.label, label=label) from error


def _secret_key(session: Any, label: str) -> Any:
    return session.get_key(object_class=ObjectClass.SECRET_KEY, key_type=KeyType.AES, label=label)


def _pin(settings: Settings) -> str:
    pin = given("VERMILION_PKCS11_PIN")
    if pin:
        return pin
    if settings.pkcs11_pin_file is None:
        raise SettingUnusable(setting="VERMILION_PKCS11_PIN_FILE", reason="VERMILION_PKCS11_PIN")
    try:
        return settings.pkcs11_pin_file.read_text("utf-8").strip()
    except OSError as error:
        raise SettingUnusable(setting="VERMILION_PKCS11_PIN_FILE", reason=str(error.strerror)) from error


__all__ = ["Attribute", "NoSuchToken", "Token", "TokenKeyMissing", "TokenUnavailable"]
