"""The verdict as people and programs get it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from core.i18n import Language, Translator, translator
from signing.verification.facts import Change, FileFacts, Kind, Outcome, Problem, decide, is_archived

_EXIT: Final = {Outcome.VALID: 0, Outcome.INVALID: 1, Outcome.INDETERMINATE: 3, Outcome.UNSIGNED: 4}


@dataclass(frozen=True)
class Verdict:
    """What verification found out about one file; ``sha256`` is that of its bytes."""

    sha256: str
    facts: FileFacts

    @property
    def outcome(self) -> Outcome:
        """The verdict on the whole file."""
        return decide(self.facts)

    @property
    def archived(self) -> bool | None:
        """Whether all signatures carry long-term evidence; None where there are none."""
        return is_archived(self.facts.signatures)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What all revisions after the first signed one changed, oldest first, each once."""
        found: dict[Change, None] = {}
        for one in self.facts.signatures:
            found.update(dict.fromkeys(one.later))
        return tuple(sorted(found, key=lambda change: change.revision))

    def sentence(self, language: Language) -> str:
        """One sentence that a layman understands."""
        signers = [one for one in self.facts.signatures if one.kind is not Kind.TIMESTAMP]
        return translator(language).text(f"verify-sentence-{self.outcome.value}", count=len(signers))

    def to_json(self, file: str, language: Language) -> dict[str, Any]:
        """The object that ``vermilion verify --json`` prints and the API answers."""
        text = translator(language)
        return {
            "file": file,
            "sha256": self.sha256,
            "verdict": self.outcome.value,
            "signatures": [
                {
                    "field": one.field_name,
                    "type": one.kind.value,
                    "signer": one.signer,
                    "signed_at": _instant(one.signed_at),
                    "timestamped_at": _instant(one.timestamped_at),
                    "level": one.level.value if one.level else None,
                    "intact": one.intact,
                    "trusted": one.trusted,
                    "covers": one.coverage.value,
                    "changes_after": one.changes_after.value,
                    "problems": [_problem(text, problem) for problem in one.problems],
                    "covered_until": one.end if one.revision >= 0 else None,
                    "reason": one.reason,
                    "algorithm": one.algorithm,
                    "revision": one.revision + 1 if one.revision >= 0 else None,
                }
                for one in self.facts.signatures
            ],
            "problems": [_problem(text, problem) for problem in self.facts.problems],
            "archived": self.archived,
            "changes": [_change(text, change) for change in self.changes],
            "warnings": [_problem(text, problem) for problem in self.facts.warnings],
            "revisions": self.facts.revisions,
        }


def exit_status(verdict: Verdict) -> int:
    """0 valid, 1 invalid, 3 indeterminate, 4 unsigned."""
    return _EXIT[verdict.outcome]


def _problem(text: Translator, problem: Problem) -> dict[str, str]:
    detail = problem.detail if problem.change is None else words(text, problem.change)
    return {"code": problem.code, "message": text.text(f"verify-{problem.code}", detail=detail)}


def words(text: Translator, change: Change) -> str:
    """A change as a person reads it."""
    said = text.text(
        f"change-{change.code}", field=change.field or "", old=change.old or "", new=change.new or ""
    ).strip()
    return said if change.page is None else text.text("change-on-page", text=said, page=change.page)


def _change(text: Translator, change: Change) -> dict[str, Any]:
    return {
        "code": change.code,
        "message": words(text, change),
        "revision": change.revision + 1,
        "page": change.page,
        "field": change.field,
        "old": change.old,
        "new": change.new,
        "allowed": change.allowed,
    }


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at is not None else None
