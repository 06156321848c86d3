"""Who signs: a person with their opened key."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from signing.pades import SigningKey


@dataclass(frozen=True)
class Signatory:
    """A person whose key was just unlocked with the PIN; kept for one act and then dropped."""

    person_id: UUID
    name: str
    position: str
    key: SigningKey = field(repr=False)
