"""Keys as signing takes them: objects that sign, wherever the key itself is.

``SignsAsKey`` is all that signing asks of one. Those of the ``cryptography`` package have it, and
those of ``signing.pkcs11``, whose keys never leave their token, are built upon the same classes, so
that templates, certificates and pyHanko take them alike.
"""

from __future__ import annotations

from typing import Any, Protocol


class SignsAsKey(Protocol):
    """A private key that signs."""

    @property
    def key_size(self) -> int:
        """Bits."""

    def sign(self, data: bytes, *how: Any) -> bytes:
        """A signature over data: DER for ECDSA (RFC 3279, 2.2.3), the plain number for RSA."""

    def public_key(self) -> Any:
        """The public half."""
