"""What was changed after each signature. Each revision is compared with the one before it, once.

Doing it for each signature anew takes time that grows with the square of their number.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from signing.verification.differences import Comparison
from signing.verification.facts import Change, Changes, Kind, Problem, SignatureFacts
from signing.verification.finding import Found, Signature
from signing.verification.reading import MALFORMED

MOST_SECONDS: Final = 30.0
"""After so much processor time the rest of the revisions is *unknown*."""
_FIELD_CODES: Final = frozenset({"field-value-changed", "field-changed"})


@dataclass(frozen=True)
class Step:
    """How one revision differs from the one before it."""

    changes: tuple[Change, ...]
    problem: Problem | None = None


def steps(found: Found) -> dict[int, Step]:
    """The differences of all revisions after the first signed one, by revision."""
    signed = [one.revision for one in found.signatures if one.revision >= 0]
    if not signed:
        return {}
    first, last = min(signed), found.file.revisions - 1
    done: dict[int, Step] = {}
    if first == last:
        return done
    deadline = time.thread_time() + MOST_SECONDS
    begin: int | None = min(one.end for one in found.signatures if one.revision == first)
    try:
        comparison = Comparison(found, first)
        for revision in range(first + 1, last + 1):
            if time.thread_time() > deadline:
                raise TimeoutError
            docmdp, locks = _rules(found.signatures, revision)
            changes = tuple(comparison.step(locks, docmdp))
            begin = found.file.is_tidy(revision, begin) if begin is not None else None
            done[revision] = Step(changes, None if begin is not None else Problem("unlisted-bytes"))
    except MALFORMED as error:
        for revision in range(first + 1, last + 1):
            done.setdefault(revision, Step((), Problem("changes-unknown", type(error).__name__)))
    return done


def _rules(signatures: Sequence[Signature], revision: int) -> tuple[int | None, list]:  # type: ignore[type-arg]
    """The strictest DocMDP permission and all locks of the signatures before a revision."""
    earlier = [one for one in signatures if 0 <= one.revision < revision]
    levels = [one.docmdp_level for one in earlier if one.docmdp_level is not None]
    return min(levels, default=None), [one.lock for one in earlier if one.lock is not None]


def settle(compared: dict[int, Step], signers: Mapping[str, SignatureFacts]) -> dict[int, Step]:
    """Decide the changes that hang on who signed: slices of a straddle seal may be filled by a seal alone."""
    settled = {}
    for revision, step in compared.items():
        changes = []
        for one in step.changes:
            if one.sealed_by is not None and one.allowed is None:
                signer = signers.get(one.sealed_by)
                is_seal = signer is not None and signer.kind is Kind.SEAL and signer.intact is True
                one = replace(one, allowed=bool(is_seal and signer is not None and signer.trusted))
            changes.append(one)
        settled[revision] = Step(tuple(changes), step.problem)
    return settled


def judge(facts: SignatureFacts, compared: Mapping[int, Step]) -> None:
    """Note what came after a signature: the worst of the revisions that follow it."""
    if facts.revision < 0:
        return
    later = [step for revision, step in sorted(compared.items()) if revision > facts.revision]
    if not later:
        facts.changes_after = Changes.NONE
        return
    facts.later = [change for step in later for change in step.changes]
    refused = [one for one in facts.later if one.allowed is False]
    doubtful = [one for one in facts.later if one.allowed is None]
    problems = [_problem(one) for one in refused]
    problems += [Problem("change-to-look-at", change=one) for one in doubtful]
    problems += [step.problem for step in later if step.problem is not None]
    for problem in problems:
        if problem not in facts.problems:
            facts.problems.append(problem)
    if refused:
        facts.changes_after = Changes.FORBIDDEN
    elif doubtful or any(step.problem is not None for step in later):
        facts.changes_after = Changes.UNKNOWN
    else:
        facts.changes_after = Changes.ALLOWED


def _problem(change: Change) -> Problem:
    if change.code == "change-after-final-signature":
        return Problem(change.code)
    if change.code in _FIELD_CODES and change.field:
        return Problem("form-field-changed", change.field[:160])
    return Problem("forbidden-change", change=change)
