"""Passwords: argon2id hashes (RFC 9106) and the rule for choosing one."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from core.errors import VermilionError

MINIMUM_LENGTH: Final = 10


class PasswordTooWeak(VermilionError):
    """Context: ``minimum``, the shortest length in characters."""

    code = "password-too-weak"
    status = 422


class Passwords:
    """Hashes and checks; the cost is a property of the installation."""

    def __init__(self, time_cost: int = 3, memory_kib: int = 65536, parallelism: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost, memory_kib, parallelism)
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """The argon2id hash. Raises PasswordTooWeak."""
        if len(password) < MINIMUM_LENGTH or len(set(password)) < 4:
            raise PasswordTooWeak(field="password", minimum=MINIMUM_LENGTH)
        return self._hasher.hash(password)

    def fits(self, password_hash: str | None, password: str) -> bool:
        """Whether the password fits. Without a hash the same time is spent, and the answer is no."""
        try:
            self._hasher.verify(password_hash or self._nobody, password)
        except VerificationError:
            return False
        return password_hash is not None
