"""Approval sheets and their continuations: typeset as PDF/A-2b, signature fields where the boxes are."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

import segno
import typst
from pypdf import PdfReader

from core import fonts
from core.amounts import amount_in_words
from core.i18n import translator
from signing.fields import FieldSpec
from signing.glyphs import drawable
from workflow.flows import ChoiceField, DocumentsField, Flow, InvoicesField, MoneyField, SealField

_PAGE_HEIGHT_MM: Final = 297.0
_POINTS_PER_MM: Final = 72 / 25.4
_TEMPLATE: Final = Path(__file__).with_name("sheet.typ")
_ONE_AT_A_TIME: Final = threading.Lock()


@dataclass(frozen=True)
class ListedDocument:
    """A document as the sheet lists it."""

    title: str
    field: str
    pages: int
    digest: str


@dataclass(frozen=True)
class NamedSheet:
    """An earlier sheet of the case, as a continuation sheet 续页 names it: title, digest of its state."""

    title: str
    digest: str


@dataclass(frozen=True)
class ClaimRow:
    """A line of the claim's table, as it is printed."""

    day: str
    seller: str
    number: str
    category: str
    amount: str
    tax: str
    note: str


@dataclass(frozen=True)
class ClaimTable:
    """What is claimed: lines, their sums, and what a reader should know of the invoices."""

    rows: tuple[ClaimRow, ...]
    amount: str
    tax: str
    capitals: str
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """A place for one expected decision: the signature field's name and what stands above it."""

    name: str
    label: str


@dataclass(frozen=True)
class SheetData:
    """Everything that a sheet says.

    One that names earlier sheets is a continuation sheet; ``added`` says for whom it was opened, when
    that was no new round but added approvers.
    """

    entity: str
    heading: str
    serial_number: str
    round: int
    applicant: str
    position: str
    department: str
    subject: str
    submitted_at: datetime  # in the organisation's zone, as is made_at
    made_at: datetime
    facts: tuple[tuple[str, str], ...]
    documents: tuple[ListedDocument, ...]
    boxes: tuple[Box, ...]
    verify_url: str
    is_demo: bool
    earlier: tuple[NamedSheet, ...] = ()
    added: tuple[tuple[str, str], ...] = ()
    claim: ClaimTable | None = None
    appendix: tuple[tuple[str, str], ...] = ()  # what stands above each empty page: left and right


@dataclass(frozen=True)
class Typeset:
    """A sheet's bytes and where its fields belong."""

    pdf: bytes
    pages: int
    fields: tuple[FieldSpec, ...]


def typeset(data: SheetData) -> Typeset:
    """Typeset a sheet. The same data give the same bytes.

    What the font cannot draw becomes □, so that no name or remark can stop a case.
    """
    inputs = {"sheet": json.dumps(_plain(data), ensure_ascii=False), "qr": _qr(data.verify_url)}
    with _ONE_AT_A_TIME:  # a compiler keeps the inputs of its last run, which the question after it needs
        compiler = _compiler()
        made: Any = compiler.compile(
            sys_inputs=inputs,
            pdf_standards=["a-2b"],
            timestamp=data.made_at.astimezone(UTC).replace(microsecond=0),
            pdf_tags=False,
        )
        places = json.loads(compiler.query("<field>", field="value"))
    # typst's file ends without a line end; the next revision's first object must not touch %%EOF.
    pdf = bytes(made) + b"\n"
    pages = len(PdfReader(io.BytesIO(pdf)).pages)
    return Typeset(pdf, pages, tuple(_field(place) for place in places))


@cache
def _compiler() -> typst.Compiler:
    """The compiler of sheets; fonts and template are read once, which is most of a small sheet's time."""
    return typst.Compiler(input=str(_TEMPLATE), font_paths=[str(fonts.folder())], ignore_system_fonts=True)


def facts_of(flow: Flow, values: dict[str, Any], seals: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Label and value of each filled form field in Chinese, documents left out.

    ``seals`` gives the names of seals by id.
    """
    facts: list[tuple[str, str]] = []
    for field in flow.fields:
        value = values.get(field.key)
        if value is None or value == "" or isinstance(field, DocumentsField | InvoicesField):
            continue
        shown = str(value)
        if isinstance(field, MoneyField):
            shown = f"¥ {Decimal(shown):,.2f}（{amount_in_words(Decimal(shown))}）"
        elif isinstance(field, ChoiceField):
            shown = next((option.label.zh for option in field.options if option.value == value), shown)
        elif isinstance(field, SealField):
            shown = seals.get(shown, shown)
        facts.append((field.label.zh, shown))
    return tuple(facts)


def _plain(data: SheetData) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "entity": data.entity,
        "heading": data.heading,
        "serial_number": data.serial_number,
        "round": data.round,
        "head": [
            ["流水号", data.serial_number],
            ["提交时间", moment(data.submitted_at)],
            ["申请人", " · ".join(part for part in (data.applicant, data.position) if part)],
            ["部门", data.department],
            ["主题", data.subject],
            ["提交次数", str(data.round)],
        ],
        "facts": [list(fact) for fact in data.facts],
        "documents": [asdict(document) for document in data.documents],
        "claim": asdict(data.claim) if data.claim else None,
        "appendix": [list(line) for line in data.appendix],
        "boxes": [asdict(box) for box in data.boxes],
        "earlier": [asdict(one) for one in data.earlier],
        "added": [list(fact) for fact in data.added],
        "demo": data.is_demo,
        "footer": translator("zh-CN").text("sheet-footer"),
    }
    drawn: dict[str, Any] = _drawable(plain)
    return drawn


def moment(at: datetime) -> str:
    """An instant as a sheet prints it: 2026-11-27 09:05 +08:00."""
    zone = at.strftime("%z")
    return f"{at:%Y-%m-%d %H:%M} {zone[:3]}:{zone[3:]}"


def _drawable(value: Any) -> Any:
    if isinstance(value, str):
        return "\n".join(drawable(line) for line in value.split("\n"))
    if isinstance(value, list | tuple):
        return [_drawable(item) for item in value]
    if isinstance(value, dict):
        return {key: _drawable(item) for key, item in value.items()}
    return value


def _field(place: dict[str, Any]) -> FieldSpec:
    left = float(place["x"]) * _POINTS_PER_MM
    top = (_PAGE_HEIGHT_MM - float(place["y"])) * _POINTS_PER_MM
    right = left + float(place["width"]) * _POINTS_PER_MM
    bottom = top - float(place["height"]) * _POINTS_PER_MM
    return FieldSpec(place["name"], int(place["page"]) - 1, (left, bottom, right, top))


def _qr(url: str) -> str:
    return str(segno.make(url, error="m").svg_inline(border=0, dark="#1c1c1c"))


def boxes_for(flow: Flow, round_number: int) -> Sequence[Box]:
    """One box for each step of the flow."""
    return [Box(field_name(step.key, round_number), step.name.zh) for step in flow.all_steps()]


def field_name(step_key: str, round_number: int) -> str:
    """Name of the sheet's field for a step."""
    return f"Decision_{round_number}_{step_key}"


def added_field_name(step_key: str, round_number: int, continuation: int, number: int) -> str:
    """Name of a continuation sheet's field for an added approver, the how manieth on it."""
    return f"{field_name(step_key, round_number)}_added_{continuation}_{number}"


def heading_of(flow: Flow) -> str:
    """The sheet's title: 合同审批 → 合同审批表, 费用报销 → 费用报销审批表."""
    name = flow.name.zh
    return f"{name}表" if name.endswith("审批") else f"{name}审批表"
