"""What can be decided, and what is said with it: the rules of a decision."""

from __future__ import annotations

from typing import Final

from core.i18n import translator
from workflow.errors import CommentNeeded, OutcomeNotPossible, TaskFinished, TaskWaits, TextTooLong
from workflow.flows import Step
from workflow.models import Case, CaseState, Outcome, Task, TaskState

LONGEST_COMMENT: Final = 1000


def check_open(case: Case, task: Task) -> None:
    """Raise TaskFinished or TaskWaits for a task that cannot be decided now."""
    if case.state != CaseState.RUNNING or task.round != case.round:
        raise TaskFinished()
    if task.state == TaskState.WAITING:
        raise TaskWaits()
    if task.state != TaskState.OPEN:
        raise TaskFinished()


def check_comment(outcome: Outcome, comment: str) -> str:
    """The comment as it is kept. Raises CommentNeeded, TextTooLong."""
    kept = "".join(letter for letter in comment if letter.isprintable() or letter == "\n").strip()
    if len(kept) > LONGEST_COMMENT:
        raise TextTooLong(field="comment", longest=LONGEST_COMMENT)
    if not kept and outcome in (Outcome.RETURNED, Outcome.REJECTED):
        raise CommentNeeded(field="comment")
    return kept


def check_outcome(step: Step, outcome: Outcome) -> None:
    """A seal task is not approved but sealed, and nothing else is sealed. Raises OutcomeNotPossible."""
    possible = {Outcome.RETURNED, Outcome.REJECTED}
    if step.kind == "approve":
        possible.add(Outcome.APPROVED)
    if outcome not in possible:
        raise OutcomeNotPossible(field="outcome")


def reason_of(outcome: Outcome, comment: str) -> str:
    """What stands in the signature itself: the decision and the comment."""
    word = translator("zh-CN").text(f"decision-{outcome.value}")
    return f"{word}：{comment}" if comment else word
