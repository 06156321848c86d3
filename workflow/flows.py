"""Flows as data: the schema of their YAML, and reading it.

A flow names its form, its steps and who does them. Nothing about a particular flow is written
anywhere else; ``docs/flows.md`` describes the schema for those who declare one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.i18n import Language
from workflow.errors import FlowInvalid

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
SHIPPED: Final = Path(__file__).parent / "shipped"
_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Text(_Strict):
    """Words in both languages."""

    zh: str = Field(alias="zh-CN", min_length=1, max_length=200)
    en: str = Field(min_length=1, max_length=200)

    def text(self, language: Language) -> str:
        """The words in a language."""
        return self.zh if language == "zh-CN" else self.en


class _FormField(_Strict):
    key: Key
    label: Text
    hint: Text | None = None
    required: bool = True


class TextField(_FormField):
    """A line, or with ``lines`` above 1 a paragraph."""

    type: Literal["text"]
    longest: int = Field(default=200, ge=1, le=4000)
    lines: int = Field(default=1, ge=1, le=20)


class MoneyField(_FormField):
    """An amount in yuan, to the fen."""

    type: Literal["money"]
    minimum: str = Field(default="0.01", pattern=r"^\d{1,12}(\.\d{1,2})?$")
    maximum: str = Field(default="999999999999.99", pattern=r"^\d{1,12}(\.\d{1,2})?$")


class IntegerField(_FormField):
    """A whole number."""

    type: Literal["integer"]
    minimum: int = 0
    maximum: int = 1_000_000
    default: int | None = None


class DateField(_FormField):
    """A day."""

    type: Literal["date"]


class Option(_Strict):
    """One entry of a choice."""

    value: Key
    label: Text


class ChoiceField(_FormField):
    """One of several entries."""

    type: Literal["choice"]
    options: tuple[Option, ...] = Field(min_length=1)


class SealField(_FormField):
    """One of the legal entity's seals."""

    type: Literal["seal"]


class DocumentsField(_FormField):
    """Documents of the archive; ``kind`` is what new uploads here are."""

    type: Literal["documents"]
    kind: Literal["invoice", "contract", "attachment"]
    most: int = Field(default=20, ge=1, le=200)


class InvoicesField(_FormField):
    """Invoices that are claimed: a line for each, with its category and amount."""

    type: Literal["invoices"]
    categories: tuple[Option, ...] = ()
    most: int = Field(default=50, ge=1, le=200)

    @property
    def kind(self) -> Literal["invoice"]:
        """What new uploads here are."""
        return "invoice"

    def category_name(self, value: str, language: Language = "zh-CN") -> str:
        """The label of a category; the value itself when it is not declared."""
        return next((one.label.text(language) for one in self.categories if one.value == value), value)


FormField = Annotated[
    TextField
    | MoneyField
    | IntegerField
    | DateField
    | ChoiceField
    | SealField
    | DocumentsField
    | InvoicesField,
    Field(discriminator="type"),
]


class ClaimWithin(_Strict):
    """A claim begins soon after each purchase, counted in working days; a late one needs a reason.

    ``of`` names the field of type invoices, ``reason`` a text field that is not required otherwise.
    """

    working_days: int = Field(ge=0, le=366)
    of: Key
    reason: Key = "late_reason"


class ByRole(_Strict):
    """Whoever holds a role for the legal entity."""

    role: Literal["legal", "finance", "archivist", "auditor", "administrator"]


class ByPosition(_Strict):
    """Whoever approves in this position for the legal entity."""

    position: Key


class ByKeeper(_Strict):
    """The keeper of the seal that a form field names."""

    keeper_of: Key


Who = Literal["department_head"] | ByRole | ByPosition | ByKeeper


class StraddleAsked(_Strict):
    """A straddle seal where the applicant chose one: a choice field with the values none, right, left."""

    field: Key


class Spot(_Strict):
    """A place on a page: the seal's middle, in millimetres from the top left."""

    x_mm: float = Field(ge=0, le=5000)
    y_mm: float = Field(ge=0, le=5000)


class SealPlaces(_Strict):
    """Places that are made ready for the seal when the case is submitted, before anybody signs.

    ``keyword`` takes every occurrence; ``anchor`` is a named destination or form field of the template.
    """

    straddle: Literal["right", "left"] | StraddleAsked | None = None
    straddle_height_mm: float | None = Field(default=None, ge=5, le=5000)
    straddle_most_pages: int = Field(default=20, ge=2, le=200)
    every_page: Spot | None = None
    keyword: str | None = Field(default=None, min_length=1, max_length=60)
    anchor: str | None = Field(default=None, min_length=1, max_length=100)


class Step(_Strict):
    """One duty. ``signs_documents`` and ``seals`` name document fields of the form.

    ``added_approvers`` says whether whoever approves here may add further approvers 加签.
    """

    key: Key
    name: Text
    who: Who
    kind: Literal["approve", "seal"] = "approve"
    signs_documents: tuple[Key, ...] = ()
    seals: Key | None = None
    copies: Key | None = None
    places: SealPlaces | None = None
    added_approvers: bool = True

    @property
    def may_add(self) -> bool:
        """Whether the holder of its task may add approvers; a keeper's may not."""
        return self.kind == "approve" and self.added_approvers


class Countersign(_Strict):
    """Steps that run at the same time; the flow goes on when all are done."""

    countersign: tuple[Step, ...] = Field(min_length=2)


class Flow(_Strict):
    """A declared process. ``subject`` is a template over form fields, such as ``{title}``."""

    key: Key
    name: Text
    description: Text
    icon: Key = "file_plus"
    serial_prefix: str = Field(pattern=r"^[A-Z]{1,6}$")
    retention_class: Key
    subject: str = Field(min_length=1, max_length=200)
    amount: Key | None = None
    counterparty: Key | None = None
    claim_within: ClaimWithin | None = None
    fields: tuple[FormField, ...] = Field(min_length=1)
    steps: tuple[Step | Countersign, ...] = Field(min_length=1)

    @property
    def groups(self) -> tuple[tuple[Step, ...], ...]:
        """The steps in order; those of one group run at the same time."""
        return tuple(item.countersign if isinstance(item, Countersign) else (item,) for item in self.steps)

    def all_steps(self) -> Iterator[Step]:
        """Every step, in order."""
        for group in self.groups:
            yield from group

    def step(self, key: str) -> Step:
        """The step of this key. Raises KeyError."""
        return next(step for step in self.all_steps() if step.key == key)

    def document_fields(self) -> list[DocumentsField]:
        """The form fields that hold documents."""
        return [field for field in self.fields if isinstance(field, DocumentsField)]

    def invoices_field(self) -> InvoicesField | None:
        """The form field whose invoices are claimed, where the flow has one."""
        return next((field for field in self.fields if isinstance(field, InvoicesField)), None)

    def signed_in_place(self) -> set[str]:
        """Keys of the document fields whose documents are signed or sealed themselves."""
        keys: set[str] = set()
        for step in self.all_steps():
            keys.update(step.signs_documents)
            if step.seals:
                keys.add(step.seals)
        return keys

    @model_validator(mode="after")
    def _hangs_together(self) -> Flow:
        kinds: dict[str, str] = {field.key: field.type for field in self.fields}
        _unique("field", [field.key for field in self.fields])
        _unique("step", [step.key for step in self.all_steps()])
        for name in _PLACEHOLDER.findall(self.subject):
            _require(kinds, name, {"text", "choice", "date", "integer", "money"}, "subject")
        if self.amount:
            _require(kinds, self.amount, {"money"}, "amount")
        if self.counterparty:
            _require(kinds, self.counterparty, {"text"}, "counterparty")
        _check_claim(self, kinds)
        for step in self.all_steps():
            for name in step.signs_documents:
                _require(kinds, name, {"documents"}, f"steps.{step.key}.signs_documents")
            if isinstance(step.who, ByKeeper):
                _require(kinds, step.who.keeper_of, {"seal"}, f"steps.{step.key}.who.keeper_of")
            if step.copies:
                _require(kinds, step.copies, {"integer"}, f"steps.{step.key}.copies")
            _check_seal(step, kinds)
        return self


def _check_seal(step: Step, kinds: dict[str, str]) -> None:
    place = f"steps.{step.key}"
    if step.kind == "approve":
        if step.seals or step.copies or step.places:
            raise ValueError(f"{place}: seals, copies and places belong to a step of kind seal")
        if isinstance(step.who, ByKeeper):
            raise ValueError(f"{place}: keeper_of belongs to a step of kind seal")
        return
    if step.seals is None or not isinstance(step.who, ByKeeper) or step.signs_documents:
        raise ValueError(
            f"{place}: a step of kind seal needs seals and who.keeper_of, and signs nothing else"
        )
    _require(kinds, step.seals, {"documents"}, f"{place}.seals")
    straddle = step.places.straddle if step.places else None
    if isinstance(straddle, StraddleAsked):
        _require(kinds, straddle.field, {"choice"}, f"{place}.places.straddle.field")


def _check_claim(flow: Flow, kinds: dict[str, str]) -> None:
    """One field of invoices at most: its sum is the claim's amount."""
    lines = [field for field in flow.fields if isinstance(field, InvoicesField)]
    if len(lines) > 1:
        raise ValueError("fields: one field of type invoices at most")
    for field in lines:
        _unique("category", [one.value for one in field.categories])
    rule = flow.claim_within
    if rule is None:
        return
    _require(kinds, rule.of, {"invoices"}, "claim_within.of")
    _require(kinds, rule.reason, {"text"}, "claim_within.reason")
    if next(field for field in flow.fields if field.key == rule.reason).required:
        raise ValueError(f"claim_within.reason: '{rule.reason}' must have required: false")


def _require(kinds: dict[str, str], name: str, allowed: set[str], place: str) -> None:
    if kinds.get(name) not in allowed:
        raise ValueError(f"{place}: '{name}' is not a form field of type {' or '.join(sorted(allowed))}")


def _unique(what: str, keys: list[str]) -> None:
    doubled = {key for key in keys if keys.count(key) > 1}
    if doubled:
        raise ValueError(f"{what} '{sorted(doubled)[0]}' is there twice")


def parse_flow(text: str) -> Flow:
    """Read a flow from YAML. Raises FlowInvalid naming the place."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else "YAML"
        raise FlowInvalid(field="yaml", place=place, reason=str(getattr(error, "problem", error))) from error
    return load_flow(data)


def load_flow(data: Any) -> Flow:
    """A flow from plain data, as it is stored. Raises FlowInvalid."""
    try:
        return Flow.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "flow"
        raise FlowInvalid(field="yaml", place=place, reason=first["msg"]) from error


def shipped_flows() -> list[Flow]:
    """The flows that come with the product."""
    return [parse_flow(path.read_text("utf-8")) for path in sorted(SHIPPED.glob("*.yaml"))]


def subject_of(flow: Flow, values: dict[str, Any]) -> str:
    """The subject of a case, from the flow's template and the form's values."""
    shown = {field.key: _shown(field, values.get(field.key)) for field in flow.fields}
    subject = _PLACEHOLDER.sub(lambda match: shown.get(match[1], ""), flow.subject)
    return " ".join(subject.split())[:300]


def _shown(field: FormField, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(field, ChoiceField):
        return next((option.label.zh for option in field.options if option.value == value), str(value))
    return str(value)
