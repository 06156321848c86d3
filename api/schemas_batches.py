"""Shapes of batches: many approvals with one PIN entry."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas import EXAMPLE_DIGEST, EXAMPLE_ID, EXAMPLE_TIME, Shape, Words, example
from api.schemas_cases import Digest
from workflow.batch_models import ItemState

_ITEM: dict[str, Any] = {"task_id": EXAMPLE_ID, "shown_digest": EXAMPLE_DIGEST}
_LINE: dict[str, Any] = {
    "task_id": EXAMPLE_ID,
    "case_id": EXAMPLE_ID,
    "serial_number": "BX-2026-0001",
    "subject": "上海客户拜访",
    "amount": "123.45",
    "state": "failed",
    "code": "stale-page",
    "message": "The case has changed since the page was shown.",
}


class BatchItemWanted(Shape):
    """One approval: the task, and the digest of the sheet that the person was shown."""

    model_config = example(_ITEM)

    task_id: UUID
    shown_digest: Digest


class NewBatch(Shape):
    """Approvals to be made with one PIN entry."""

    model_config = example({"items": [_ITEM], "comment": "同意", "pin": "284617"})

    items: list[BatchItemWanted] = Field(min_length=1, max_length=1000)
    comment: Words = Field(default="", max_length=1000)
    pin: Words = Field(min_length=1, max_length=128)


class BatchRepetition(Shape):
    """What is not done yet, with the digests that were shown now."""

    model_config = example({"items": [_ITEM], "pin": "284617"})

    items: list[BatchItemWanted] = Field(min_length=1, max_length=1000)
    pin: Words = Field(min_length=1, max_length=128)


class BatchLineAnswer(Shape):
    """One approval of a batch."""

    model_config = example(_LINE)

    task_id: UUID
    case_id: UUID
    serial_number: str
    subject: str
    amount: Decimal | None
    state: ItemState
    code: str | None = Field(description="Why it failed, for programs.")
    message: str | None = Field(description="Why it failed, in the caller's language.")


class BatchAnswer(Shape):
    """A batch and how far it is."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "state": "done",
            "comment": "同意",
            "created_at": EXAMPLE_TIME,
            "ended_at": EXAMPLE_TIME,
            "stop_code": None,
            "total": 100,
            "done": 99,
            "failed": 1,
            "items": [_LINE],
        }
    )

    id: UUID
    state: Literal["running", "done", "stopped", "interrupted"] = Field(
        description="`stopped`: the signing session ended before; `interrupted`: the server did."
    )
    comment: str
    created_at: datetime
    ended_at: datetime | None
    stop_code: str | None
    total: int
    done: int
    failed: int
    items: list[BatchLineAnswer]
