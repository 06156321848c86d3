"""Shapes of search."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.schemas import EXAMPLE_ID, EXAMPLE_TIME, PersonName, Shape, example

Kind = Literal["document", "case", "seal_record"]


class Named(Shape):
    """A thing by its name."""

    id: UUID = Field(examples=[EXAMPLE_ID])
    name: str = Field(examples=["合同专用章"])


class SegmentAnswer(Shape):
    """A piece of text; `is_hit` marks what was looked for."""

    model_config = example({"text": "采购", "is_hit": True})

    text: str
    is_hit: bool


class FacetAnswer(Shape):
    """How many results have a value."""

    model_config = example({"value": "case", "label": "case", "count": 3})

    value: str
    label: str
    count: int


class HitAnswer(Shape):
    """A result. Its place is `/documents/{id}`, `/cases/{id}` or `/seal-records/{id}`, by its kind."""

    model_config = example(
        {
            "kind": "case",
            "id": EXAMPLE_ID,
            "number": "HT-2026-00012",
            "title": "年度采购框架合同",
            "title_segments": [
                {"text": "年度", "is_hit": False},
                {"text": "采购", "is_hit": True},
                {"text": "框架合同", "is_hit": False},
            ],
            "excerpt": [],
            "page": None,
            "subkind": "contract",
            "state": "completed",
            "marks": ["sealed"],
            "date": EXAMPLE_TIME,
            "seal": {"id": EXAMPLE_ID, "name": "合同专用章"},
            "department": {"id": EXAMPLE_ID, "name": "市场部"},
            "applicant": {"id": EXAMPLE_ID, "name": "张伟"},
            "counterparty": "江南智算技术有限公司",
            "amount": "268000.00",
            "people": [{"id": EXAMPLE_ID, "name": "张伟"}],
            "related": {},
        }
    )

    kind: Kind
    id: UUID
    number: str | None
    title: str
    title_segments: list[SegmentAnswer]
    excerpt: list[SegmentAnswer] = Field(description="Some text around the first hit.")
    page: int | None = Field(description="Page of a document that the excerpt stands on.")
    subkind: str | None = Field(
        description="A finer kind: of a document or of a line of the register, or the flow of a case."
    )
    state: str | None
    marks: list[str] = Field(description="What else can be said of its state, such as `sealed`.")
    date: datetime
    seal: Named | None
    department: Named | None
    applicant: PersonName | None
    counterparty: str | None
    amount: str | None = Field(description="In yuan, two decimals.")
    people: list[PersonName]
    related: dict[str, UUID] = Field(description="Ids of what belongs to it, such as its `case`.")


class MistakeAnswer(Shape):
    """Something in the query that was left out or read otherwise; the rest of it was answered."""

    model_config = example(
        {"code": "amount-unclear", "text": "many", "known": [], "message": "“many” is no amount. …"}
    )

    code: str = Field(description="Stable, for programs; see docs/api.md.")
    text: str = Field(description="What was typed.")
    known: list[str] = Field(description="What would have been understood, where that is a short list.")
    message: str = Field(description="For people, in their language.")


class SearchAnswer(Shape):
    """One page of results, and how all of them divide."""

    total: int = Field(examples=[12])
    is_complete: bool = Field(description="False while the index is being built.", examples=[True])
    corrected: str | None = Field(
        description="The query that was answered in place of one that finds nothing.", examples=[None]
    )
    mistakes: list[MistakeAnswer]
    items: list[HitAnswer]
    facets: dict[str, list[FacetAnswer]] = Field(
        description="By filter: kind, seal, department, person, counterparty, state, year."
    )
    months: list[FacetAnswer] = Field(description="By month (`2026-03`), the oldest first.")
    next_cursor: str | None


class SuggestionAnswer(Shape):
    """How a query may go on."""

    model_config = example({"field": "seal", "label": "合同专用章", "query": "采购 合同专用章"})

    field: str = Field(description="seal, counterparty, person, applicant, department, title or number.")
    label: str
    query: str = Field(description="The whole query with it.")
