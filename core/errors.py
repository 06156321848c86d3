"""The base of every error that a person or program may see.

A subclass lives beside the code that raises it. Its ``code`` is stable and names the Fluent
message ``error-<code>`` in the room's ``locales``; the message is made only at the edge, in the
reader's language, from ``context``.
"""

from __future__ import annotations

from typing import ClassVar


class VermilionError(Exception):
    """Something that went wrong and that its reader can act upon.

    ``context`` holds plain values (str, int, Decimal, datetime) that the message names. A context
    key ``field`` names the form field or JSON member the error belongs to.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 400

    def __init__(self, **context: object) -> None:
        self.context = context
        super().__init__(self.code, context)

    @property
    def field(self) -> str | None:
        """The input this error belongs to, if it belongs to one."""
        value = self.context.get("field")
        return value if isinstance(value, str) else None

    def __str__(self) -> str:
        details = ", ".join(f"{key}={value}" for key, value in self.context.items())
        return f"{self.code} ({details})" if details else self.code


class NotFound(VermilionError):
    """The thing does not exist, or the reader may not know that it does."""

    code = "not-found"
    status = 404


class Forbidden(VermilionError):
    """The reader may see the thing but not do this with it."""

    code = "forbidden"
    status = 403


class Conflict(VermilionError):
    """Somebody else changed the thing first; read it again."""

    code = "conflict"
    status = 409


class InvalidInput(VermilionError):
    """A value has the wrong form. Context: ``field``, ``reason``."""

    code = "invalid-input"
    status = 422


class SettingUnusable(VermilionError):
    """A setting cannot work; the start stops. Context: ``setting``, ``reason``."""

    code = "setting-unusable"
    status = 500
