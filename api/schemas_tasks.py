"""Shapes of tasks, decisions and added approvers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.schemas import EXAMPLE_DIGEST, EXAMPLE_ID, EXAMPLE_TIME, Shape, Words, example
from api.schemas_cases import CaseAnswer, Digest
from api.schemas_seals import PlaceShape
from workflow.models import AddedKind, CaseState, TaskState


class TaskAnswer(Shape):
    """An open task of the caller's inbox."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "case_id": EXAMPLE_ID,
            "serial_number": "HT-2026-00012",
            "subject": "年度采购框架合同",
            "flow": "contract",
            "flow_name": "合同审批",
            "step_name": "部门负责人",
            "kind": "approve",
            "amount": "120000.00",
            "applicant": "张伟",
            "since": EXAMPLE_TIME,
            "is_added": False,
        }
    )

    id: UUID
    case_id: UUID
    serial_number: str
    subject: str
    flow: str
    flow_name: str
    step_name: str
    kind: Literal["approve", "seal", "revise"]
    amount: Decimal | None
    applicant: str
    since: datetime
    is_added: bool = Field(description="The caller was added as an approver.")


class RequestAnswer(Shape):
    """Why an added approver is asked."""

    model_config = example({"name": "刘洋", "kind": "before", "reason": "请确认付款条件。"})

    name: str
    kind: AddedKind
    reason: str


class ColleagueAnswer(Shape):
    """Somebody whom the caller may add to a task."""

    model_config = example({"id": EXAMPLE_ID, "name": "赵敏", "position": "财务经理", "department": "财务部"})

    id: UUID
    name: str
    position: str
    department: str


class NewApprovers(Shape):
    """Who shall decide besides the holder of a task, when, and why."""

    model_config = example({"kind": "before", "people": [EXAMPLE_ID], "reason": "请确认付款条件。"})

    kind: AddedKind = Field(
        description="`before` 前加签: they decide first. `after` 后加签: once the caller has approved."
    )
    people: list[UUID] = Field(min_length=1, max_length=20)
    reason: Words = Field(min_length=1, max_length=500)


class TaskDetail(Shape):
    """A task with its case."""

    id: UUID
    step_key: str
    kind: Literal["approve", "seal", "revise"]
    state: TaskState
    round: int
    created_at: datetime
    finished_at: datetime | None
    sheet_id: UUID | None = Field(
        description="The sheet that the decision signs: the round's, or a continuation sheet."
    )
    shown_digest: str = Field(description="Of that sheet as it is now; show it, then hand this back.")
    request: RequestAnswer | None = Field(description="Who added the caller, and why.")
    case: CaseAnswer


class NewDecision(Shape):
    """What the caller decides, having seen the sheet of this digest."""

    model_config = example(
        {"outcome": "approved", "comment": "同意", "pin": "284617", "shown_digest": EXAMPLE_DIGEST}
    )

    outcome: Literal["approved", "returned", "rejected"]
    comment: Words = Field(default="", max_length=4000, description="Needed to return or reject.")
    pin: Words = Field(min_length=1, max_length=128, description="The caller's signing PIN.")
    shown_digest: Digest


class NewSealing(Shape):
    """Where the keeper puts the seal, for each document of the task."""

    model_config = example(
        {
            "pin": "284617",
            "shown_digest": EXAMPLE_DIGEST,
            "placements": {EXAMPLE_ID: [{"page": 1, "x_mm": 150.0, "y_mm": 240.0}]},
            "comment": "",
        }
    )

    pin: Words = Field(min_length=1, max_length=128, description="The keeper's own signing PIN.")
    shown_digest: Digest
    placements: dict[UUID, list[PlaceShape]] = Field(max_length=200)
    comment: Words = Field(default="", max_length=4000)


class NewHandSealing(Shape):
    """How many printouts of each document of the task the keeper stamped."""

    model_config = example(
        {"pin": "284617", "shown_digest": EXAMPLE_DIGEST, "copies": {EXAMPLE_ID: 2}, "comment": ""}
    )

    pin: Words = Field(min_length=1, max_length=128, description="The keeper's own signing PIN.")
    shown_digest: Digest
    copies: dict[UUID, int] = Field(
        default_factory=dict, max_length=200, description="By document; what is left out: as many as allowed."
    )
    comment: Words = Field(default="", max_length=4000)


class DecisionAnswer(Shape):
    """What a decision led to."""

    model_config = example(
        {
            "decision_id": EXAMPLE_ID,
            "case_id": EXAMPLE_ID,
            "state": "running",
            "signed_digest": EXAMPLE_DIGEST,
        }
    )

    decision_id: UUID
    case_id: UUID
    state: CaseState
    signed_digest: str = Field(description="Of the sheet that carries the signature.")
