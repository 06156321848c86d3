"""What verification finds out about one signature, and the pure rule that judges it.

``None`` always means *not known*; it never counts as good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a signature is for."""

    APPROVAL = "approval"
    CERTIFICATION = "certification"
    TIMESTAMP = "timestamp"
    SEAL = "seal"


class Level(StrEnum):
    """PAdES baseline levels (ETSI EN 319 142-1)."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"


class Coverage(StrEnum):
    """How much of the file a signature's byte range covers."""

    FILE = "file"
    REVISION = "revision"
    PART = "part"
    UNKNOWN = "unknown"


class Changes(StrEnum):
    """What was added to the file after a signature."""

    NONE = "none"
    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """The verdict on a file."""

    VALID = "valid"
    INVALID = "invalid"
    INDETERMINATE = "indeterminate"
    UNSIGNED = "unsigned"


@dataclass(frozen=True)
class Change:
    """One difference between a revision and the one before it; ``code`` names the text ``change-<code>``.

    ``allowed``: by the rules of the signatures before it; None when a person has to look. ``page`` counts
    from 1. ``sealed_by`` names the signature on whose being a seal the answer hangs.
    """

    code: str
    revision: int
    allowed: bool | None
    page: int | None = None
    field: str | None = None
    old: str | None = None
    new: str | None = None
    sealed_by: str | None = None
    is_note: bool = False
    is_new_and_seen: bool = False


@dataclass(frozen=True)
class Problem:
    """Something worth telling; ``code`` names the text ``verify-<code>``.

    Where it is about a change, the words for the change take the place of ``detail``.
    """

    code: str
    detail: str = ""
    change: Change | None = None


@dataclass
class SignatureFacts:
    """One signature, seal or document time-stamp."""

    field_name: str
    kind: Kind
    signer: str | None = None
    signed_at: datetime | None = None
    timestamped_at: datetime | None = None
    level: Level | None = None
    intact: bool | None = None
    trusted: bool | None = None
    coverage: Coverage = Coverage.UNKNOWN
    changes_after: Changes = Changes.UNKNOWN
    problems: list[Problem] = field(default_factory=list)
    revision: int = -1
    """The newest revision (from 0) whose bytes it covers whole; -1 when there is none."""
    end: int = 0
    """Where the bytes end that it covers: the file as this signature saw it."""
    reason: str = ""
    algorithm: str = ""
    issuer: str = ""
    later: list[Change] = field(default_factory=list)
    """What was changed after it, oldest first."""


@dataclass(frozen=True)
class FileFacts:
    """The whole file. ``fatal`` is set when it could not be read as a PDF."""

    signatures: tuple[SignatureFacts, ...]
    problems: tuple[Problem, ...]
    hidden_signatures: int = 0
    is_readable: bool = True
    warnings: tuple[Problem, ...] = ()
    """Worth knowing, and no reason against the file."""
    revisions: int = 0
    ends: tuple[int, ...] = ()
    """Where each revision ends, in bytes."""


def decide(facts: FileFacts) -> Outcome:
    """The verdict: broken or forbidden anywhere is invalid; anything not known is indeterminate."""
    if not facts.is_readable:
        return Outcome.INDETERMINATE
    if facts.hidden_signatures:
        return Outcome.INVALID
    if not facts.signatures:
        return Outcome.INDETERMINATE if facts.problems else Outcome.UNSIGNED
    outcomes = [_judge(signature) for signature in facts.signatures]
    if Outcome.INVALID in outcomes:
        return Outcome.INVALID
    if Outcome.INDETERMINATE in outcomes or facts.problems:
        return Outcome.INDETERMINATE
    return Outcome.VALID


def _judge(signature: SignatureFacts) -> Outcome:
    if signature.intact is False or signature.changes_after is Changes.FORBIDDEN:
        return Outcome.INVALID
    if signature.coverage is Coverage.PART:
        return Outcome.INVALID
    is_known = (
        signature.intact is True
        and signature.trusted is True
        and signature.coverage in (Coverage.FILE, Coverage.REVISION)
        and signature.changes_after in (Changes.NONE, Changes.ALLOWED)
    )
    return Outcome.VALID if is_known else Outcome.INDETERMINATE


def is_archived(signatures: Sequence[SignatureFacts]) -> bool | None:
    """Whether every signature carries its evidence for the long term; None where there is none."""
    lasting = [one for one in signatures if one.kind is not Kind.TIMESTAMP]
    if not lasting:
        return None
    return all(one.level is Level.B_LTA for one in lasting)
