"""The second factor at signing."""

from __future__ import annotations

from uuid import UUID


def secret_purpose(factor_id: UUID) -> str:
    """What a wrapped TOTP secret is bound to."""
    return f"second factor {factor_id}"
