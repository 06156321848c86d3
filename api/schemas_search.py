"""Shapes of search."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api.schemas import EXAMPLE_ID, EXAMPLE_TIME, PersonName, Shape, Words, example
from core.i18n import Language
from core.sheets import SheetFormat
from search.index import Order, Query
from search.language import LONGEST_QUERY
from search.query import NameField
from search.saved import LONGEST_NAME

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


class MarkedNameAnswer(Shape):
    """A name in which something was found, or that sounds as was typed (`wf` finds 王芳)."""

    model_config = example({"field": "applicant", "segments": [{"text": "王芳", "is_hit": True}]})

    field: NameField
    segments: list[SegmentAnswer]


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
            "marked_names": [],
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
    marked_names: list[MarkedNameAnswer] = Field(description="Names, besides the title, with a hit in them.")


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


class Question(Shape):
    """A search: words and filters, as in `GET /search`."""

    model_config = example({"q": "框架合同 amount:>10000", "kind": "case", "order": "newest"})

    q: Annotated[Words, StringConstraints(max_length=LONGEST_QUERY)] = ""
    kind: Kind | None = None
    state: Annotated[Words, StringConstraints(max_length=20)] | None = None
    seal: UUID | None = None
    department: UUID | None = None
    person: UUID | None = None
    counterparty: Annotated[Words, StringConstraints(max_length=200)] | None = None
    year: Annotated[str, StringConstraints(pattern=r"^\d{4}$")] | None = None
    date_from: date | None = None
    date_to: date | None = None
    order: Order = "best"

    def query(self) -> Query:
        """The same for the Searcher."""
        values = self.model_dump()
        return Query(text=values.pop("q"), **values)

    @classmethod
    def of(cls, query: Query) -> Question:
        """The question that asks for a query."""
        names = cls.model_fields.keys() - {"q"}
        return cls(q=query.text, **{name: getattr(query, name) for name in names})


class NewSavedSearch(Shape):
    """A search to be kept."""

    model_config = example(
        {"name": "框架合同", "is_notified": True, "query": {"q": "框架合同", "kind": "case"}}
    )

    name: Annotated[Words, StringConstraints(max_length=LONGEST_NAME)]
    is_notified: bool = Field(default=False, description="Whether a notice says when it finds something new.")
    query: Question


class SavedSearchChange(Shape):
    """What shall be different; the rest stays."""

    model_config = example({"name": "框架合同 2026", "is_notified": False})

    name: Annotated[Words, StringConstraints(max_length=LONGEST_NAME)] | None = None
    is_notified: bool | None = None


class SavedSearchAnswer(Shape):
    """A saved search."""

    id: UUID = Field(examples=[EXAMPLE_ID])
    name: str = Field(examples=["框架合同"])
    is_notified: bool = Field(examples=[True])
    new_count: int = Field(description="How much it found anew since it was looked at.", examples=[2])
    query: Question
    created_at: datetime = Field(examples=[EXAMPLE_TIME])
    looked_at: datetime = Field(examples=[EXAMPLE_TIME])
    checked_at: datetime | None = Field(description="When it was looked after last.")


class NewExport(Shape):
    """A file of everything that a search finds."""

    model_config = example({"format": "xlsx", "query": {"q": "框架合同", "kind": "case"}})

    format: SheetFormat = "xlsx"
    language: Language | None = Field(
        default=None, description="Of its head; left out, the caller's.", examples=["zh-CN"]
    )
    query: Question


class ExportAnswer(Shape):
    """An export and how far it is."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "format": "xlsx",
            "state": "done",
            "done": 812,
            "total": 812,
            "is_cut": False,
            "size": 61440,
            "error": None,
            "query": {"q": "框架合同", "kind": "case"},
            "created_at": EXAMPLE_TIME,
            "expires_at": EXAMPLE_TIME,
        }
    )

    id: UUID
    format: str
    state: Literal["waiting", "running", "done", "failed"]
    done: int = Field(description="Records written so far.")
    total: int = Field(description="Records there are, as far as is known.")
    is_cut: bool = Field(description="There are more than one file can have.")
    size: int | None = Field(description="Bytes.")
    error: str | None = Field(description="Code of the error that ended it.")
    query: Question
    created_at: datetime
    expires_at: datetime = Field(description="Until then the file can be fetched.")
