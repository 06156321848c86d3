"""Tokens of one PKCS#11 library: the server's own, logged in for good, and people's, for one act each.

The library is initialised without locks of its own (PKCS#11 3.0, 5.4: C_Initialize with NULL_PTR), and
a login holds for the whole process and token, whichever session asks. So one call runs at a time in a
process, whatever the token; and nobody else's call comes between a person's login and logout.

A token that went away (pulled out, restarted, ended by its daemon) is looked for again once at each
use; what then still fails is said in words. The PIN of the server's own token comes from
``VERMILION_PKCS11_PIN`` or from the file that ``VERMILION_PKCS11_PIN_FILE`` names; people's PINs come
with their requests. None is ever logged.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass, TokenFlag
from pkcs11.exceptions import (
    NoSuchKey,
    NoSuchToken,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PinTooWeak,
    PKCS11Error,
    TokenNotPresent,
)

from core.errors import SettingUnusable, VermilionError
from core.secrets_given import given
from core.settings import Settings

Result = TypeVar("Result")
_NONCE: Final = 12
_PATIENCE: Final = 20.0
"""Seconds that a call waits for those before it."""
_LOOK_AGAIN: Final = 10.0
"""Seconds between two restarts of the library because somebody only looked for a token."""


class TokenUnavailable(VermilionError):
    """The PKCS#11 token cannot be used now. Context: ``token``, ``reason`` (a name of PKCS#11's)."""

    code = "token-unavailable"
    status = 503


class TokenKeyMissing(VermilionError):
    """The token has no such key. Context: ``token``, ``label``."""

    code = "token-key-missing"
    status = 409


class TokenAway(TokenUnavailable):
    """No such token is there now, or no library to look with. Context: ``token``, ``reason``."""

    code = "token-away"
    status = 409


class TokenLocked(VermilionError):
    """The token itself takes no more PINs. Context: ``token``."""

    code = "token-locked"
    status = 409


class TokenPinUnfit(VermilionError):
    """The token does not take this as its new PIN. Context: ``token``."""

    code = "token-pin-unfit"
    status = 422


class PinRefused(Exception):
    """The token says that the PIN is wrong; ``is_locked``: and that this was the last try."""

    def __init__(self, token: str, *, is_locked: bool) -> None:
        super().__init__()
        self.token = token
        self.is_locked = is_locked


class Module:
    """The library in this process."""

    _known: ClassVar[dict[str, Module]] = {}
    _making: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: str) -> None:
        self.generation = 0
        """Counts restarts: what was opened in an earlier generation is gone."""
        self._path = path
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._restarted_at = 0.0

    @classmethod
    def of(cls, settings: Settings) -> Module:
        """The library of the settings. Raises SettingUnusable."""
        path = settings.pkcs11_module
        if not path or not Path(path).exists():
            raise SettingUnusable(setting="VERMILION_PKCS11_MODULE", reason=path or "VERMILION_PKCS11_MODULE")
        return cls.at(path)

    @classmethod
    def at(cls, path: str) -> Module:
        """The library that lies at a path."""
        with cls._making:
            return cls._known.setdefault(path, cls(path))

    @contextmanager
    def held(self, token: str) -> Iterator[None]:
        """No other call runs meanwhile. Raises TokenUnavailable when those before take too long."""
        if not self._lock.acquire(timeout=_PATIENCE):
            raise TokenUnavailable(token=token, reason="Busy")
        try:
            if self._process != os.getpid():  # sessions do not outlive a fork
                self._process = os.getpid()
                self.restart()
            yield
        finally:
            self._lock.release()

    def restart(self) -> None:
        """End every session and login, and look for tokens anew. The caller holds the library."""
        self.generation += 1
        self._restarted_at = time.monotonic()
        try:
            pkcs11.lib(self._path).reinitialize()
        except PKCS11Error:
            return  # it is initialised at the next use, which says what is wrong

    def find(self, label: str) -> Any:
        """A token. Raises NoSuchToken, MultipleTokensReturned and other errors of the library."""
        return pkcs11.lib(self._path).get_token(token_label=label)

    def look(self, label: str, act: Callable[[Any], Result]) -> Result:
        """Do something in a session without a login: public objects only. Raises TokenUnavailable."""
        with self.held(label):
            try:
                token = self._found(label)
                session = token.open()
                try:
                    return act(session)
                finally:
                    session.close()
            except (PKCS11Error, RuntimeError) as error:
                raise unavailable(label, error) from error

    def _found(self, label: str) -> Any:
        try:
            return self.find(label)
        except NoSuchToken:
            if time.monotonic() - self._restarted_at < _LOOK_AGAIN:
                raise
        self.restart()
        return self.find(label)


class PersonalToken:
    """A token whose PIN somebody gave: logged in to for one act, and out of before anybody else's.

    Once the token refused the PIN it is not asked again with it: a batch whose PIN was changed meanwhile
    does not lock the token.
    """

    def __init__(self, module: Module, label: str, pin: str) -> None:
        self.label = label
        self._module = module
        self._pin = pin
        self._is_refused = False

    def use(self, act: Callable[[Any], Result], *, writes: bool = False) -> Result:
        """Do something in a session with a login of its own.

        Raises PinRefused, TokenLocked, TokenAway, TokenUnavailable, TokenKeyMissing.
        """
        if self._is_refused:
            raise TokenUnavailable(token=self.label, reason=PinIncorrect.__name__)
        with self._module.held(self.label):
            session = self._log_in(writes)
            try:
                return act(session)
            except NoSuchKey as error:
                raise TokenKeyMissing(token=self.label, label="") from error
            except PKCS11Error as error:
                raise unavailable(self.label, error) from error
            finally:
                self._log_out(session)

    def pin_for(self, key: Any) -> str | None:
        """The PIN, where a key asks for it at each use (CKA_ALWAYS_AUTHENTICATE)."""
        return self._pin if _asks_again(key) else None

    def change_pin(self, new: str) -> None:
        """Give the token another PIN (C_SetPIN). Raises TokenPinUnfit, and as ``use``."""

        def act(session: Any) -> None:
            try:
                session.set_pin(self._pin, new)
            except (PinInvalid, PinLenRange, PinTooWeak) as error:
                raise TokenPinUnfit(field="pin", token=self.label) from error

        self.use(act, writes=True)

    def _log_in(self, writes: bool) -> Any:
        """A session with its login. One that is left over from elsewhere is ended first: it would let
        any PIN pass (CKR_USER_ALREADY_LOGGED_IN)."""
        if not self._pin:
            raise PinRefused(self.label, is_locked=False)
        try:
            return self._open(writes)
        except (PKCS11Error, RuntimeError):
            self._module.restart()  # ends a login left over, finds a token that came back
        try:
            return self._open(writes)
        except (PKCS11Error, RuntimeError) as error:
            self._module.restart()
            raise unavailable(self.label, error) from error

    def _open(self, writes: bool) -> Any:
        token = self._module.find(self.label)
        if token.flags & TokenFlag.USER_PIN_LOCKED:
            raise TokenLocked(token=self.label)
        try:
            return token.open(rw=writes, user_pin=self._pin)
        except PinLocked as error:
            self._module.restart()
            raise TokenLocked(token=self.label) from error
        except (PinIncorrect, PinInvalid, PinLenRange) as error:
            self._is_refused = True
            self._module.restart()  # python-pkcs11 leaves the session open
            raise PinRefused(self.label, is_locked=self._is_locked()) from error

    def _is_locked(self) -> bool:
        try:
            return bool(self._module.find(self.label).flags & TokenFlag.USER_PIN_LOCKED)
        except (PKCS11Error, RuntimeError):
            return False

    def _log_out(self, session: Any) -> None:
        try:
            session.close()
        except (PKCS11Error, RuntimeError):
            self._module.restart()


class Token:
    """The server's own token, with the process's one session in it."""

    _known: ClassVar[dict[tuple[str, str], Token]] = {}
    _making: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, module: str, label: str, pin: Callable[[], str]) -> None:
        self.label = label
        self._module = Module.at(module)
        self._pin = pin
        self._session: Any = None
        self._generation = 0

    @classmethod
    def of(cls, settings: Settings) -> Token:
        """The token of the settings. Raises SettingUnusable."""
        if not settings.pkcs11_module or not settings.pkcs11_token:
            raise SettingUnusable(
                setting="VERMILION_PKCS11_MODULE", reason="VERMILION_PKCS11_MODULE, VERMILION_PKCS11_TOKEN"
            )
        Module.of(settings)
        with cls._making:
            key = (settings.pkcs11_module, settings.pkcs11_token)
            if key not in cls._known:
                cls._known[key] = cls(*key, lambda: _pin(settings))
            return cls._known[key]

    def use(self, act: Callable[[Any], Result]) -> Result:
        """Do something in the session. Raises TokenUnavailable, TokenKeyMissing."""
        with self._module.held(self.label):
            try:
                if self._session is None or self._generation != self._module.generation:
                    self._open()
                return act(self._session)
            except NoSuchKey as error:
                raise TokenKeyMissing(token=self.label, label="") from error
            except (PKCS11Error, RuntimeError) as error:
                if isinstance(error, PinIncorrect | PinLocked):
                    raise TokenUnavailable(token=self.label, reason=type(error).__name__) from error
            try:  # the token may have been away; look for it once more
                self._module.restart()
                self._open()
                return act(self._session)
            except NoSuchKey as error:
                raise TokenKeyMissing(token=self.label, label="") from error
            except (PKCS11Error, RuntimeError) as error:
                self._session = None
                raise TokenUnavailable(token=self.label, reason=type(error).__name__) from error

    def pin_for(self, key: Any) -> str | None:
        """The PIN, where a key asks for it at each use (CKA_ALWAYS_AUTHENTICATE)."""
        return self._pin() if _asks_again(key) else None

    def _open(self) -> None:
        self._session = None
        self._session = self._module.find(self.label).open(rw=True, user_pin=self._pin())
        self._generation = self._module.generation

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


def unavailable(token: str, error: Exception) -> TokenUnavailable:
    """What an error of the library says of a token."""
    kind = TokenAway if isinstance(error, NoSuchToken | TokenNotPresent) else TokenUnavailable
    return kind(token=token, reason=type(error).__name__)


def _asks_again(key: Any) -> bool:
    try:
        return bool(key[Attribute.ALWAYS_AUTHENTICATE])
    except PKCS11Error:  # tokens older than PKCS#11 2.20 do not know of it
        return False


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
