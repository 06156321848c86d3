"""Shapes of contracts beside one another: what differs, and the other side's signed copies."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from api.schemas import EXAMPLE_ID, Shape, example
from ingest.comparison import Kind
from ingest.models import DocumentState

_CHANGE: dict[str, Any] = {
    "kind": "changed",
    "page_before": 1,
    "page_after": 1,
    "before": [
        {"text": "合同总价为", "differs": False},
        {"text": "120000", "differs": True},
        {"text": "元。", "differs": False},
    ],
    "after": [
        {"text": "合同总价为", "differs": False},
        {"text": "125000", "differs": True},
        {"text": "元。", "differs": False},
    ],
}
_COPY: dict[str, Any] = {
    "document_id": EXAMPLE_ID,
    "title": "年度采购框架合同 对方签署.pdf",
    "state": "ready",
    "of_document_id": EXAMPLE_ID,
    "of_title": "年度采购框架合同.pdf",
    "of_version": 5,
    "is_same_text": False,
    "changes": [_CHANGE],
}


class SpanAnswer(Shape):
    """A run of letters."""

    text: str
    differs: bool = Field(description="The other text does not have it there.")


class ChangeAnswer(Shape):
    """One place where two texts differ."""

    model_config = example(_CHANGE)

    kind: Kind = Field(
        description="`noise` is what recognition may have got wrong; it does not count as a difference."
    )
    page_before: int | None = Field(description="Null where the earlier text has nothing there.")
    page_after: int | None = Field(description="Null where the later text has nothing there.")
    before: list[SpanAnswer]
    after: list[SpanAnswer]


class ComparedDocument(Shape):
    """One side of a comparison."""

    model_config = example({"id": EXAMPLE_ID, "title": "年度采购框架合同.pdf"})

    id: UUID
    title: str


class ComparisonAnswer(Shape):
    """Two documents beside one another, in the order of their pages."""

    model_config = example(
        {
            "before": {"id": EXAMPLE_ID, "title": "年度采购框架合同 一稿.pdf"},
            "after": {"id": EXAMPLE_ID, "title": "年度采购框架合同 二稿.pdf"},
            "is_same_text": False,
            "changes": [_CHANGE],
        }
    )

    before: ComparedDocument
    after: ComparedDocument
    is_same_text: bool = Field(
        description="They say the same: spaces, line and page breaks and page numbers do not count."
    )
    changes: list[ChangeAnswer]


class MilestonesAnswer(Shape):
    """Numbers of the versions that matter; null for what has not happened."""

    model_config = example({"submitted": 1, "approved": 4, "sealed": 5})

    submitted: int | None = Field(description="As it was handed in.")
    approved: int | None = Field(description="The last one that only signatures were added to.")
    sealed: int | None = Field(description="The newest with a seal.")


class NewCopy(Shape):
    """The copy that the other side signed; upload it first."""

    model_config = example({"document_id": EXAMPLE_ID, "of_document_id": EXAMPLE_ID})

    document_id: UUID = Field(description="The copy, a document of the caller's own.")
    of_document_id: UUID = Field(description="The contract of the case that it is a copy of.")


class CopyAnswer(Shape):
    """The other side's copy of a contract."""

    model_config = example(_COPY)

    document_id: UUID
    title: str
    state: DocumentState
    of_document_id: UUID
    of_title: str
    of_version: int = Field(description="The contract's version when the copy was added.")
    is_same_text: bool | None = Field(description="Null until both texts are read; poll until then.")
    changes: list[ChangeAnswer]
