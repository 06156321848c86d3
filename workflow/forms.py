"""Checking a form: what a person or program sent becomes values that JSON can hold.

Stored values: text and choice as ``str``, money as ``str`` with two decimals, integer as ``int``,
date as ISO ``str``, seal as id, documents as a list of ids, invoices as a list of
``{"document", "category", "amount", "note"}`` with ``None`` where nothing was given (workflow.claims
adds ``tax``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from core.errors import VermilionError
from workflow.errors import (
    FieldMissing,
    FieldNotUnderstood,
    FieldOutOfRange,
    FieldTooLong,
    FormInvalid,
    InvoiceTwice,
    TooManyDocuments,
)
from workflow.flows import (
    ChoiceField,
    DateField,
    DocumentsField,
    Flow,
    FormField,
    IntegerField,
    InvoicesField,
    MoneyField,
    SealField,
    TextField,
)

Values = dict[str, Any]
_MOST_MONEY: Final = Decimal("999999999999.99")
_LONGEST_NOTE: Final = 200


def check(flow: Flow, form: Mapping[str, Any]) -> Values:
    """The form's values. Raises FormInvalid with one problem for each field that has one.

    Keys that the flow does not know are left out. Whether documents and seals exist is not judged
    here.
    """
    values: Values = {}
    problems: dict[str, VermilionError] = {}
    for field in flow.fields:
        try:
            values[field.key] = _value(field, form.get(field.key))
        except VermilionError as problem:
            problems[field.key] = problem
    if problems:
        raise FormInvalid(problems)
    return values


def _value(field: FormField, given: Any) -> Any:
    if given is None or given == "" or given == [] or (isinstance(given, str) and not given.strip()):
        if field.required:
            raise FieldMissing(field=field.key)
        return [] if isinstance(field, DocumentsField | InvoicesField) else None
    if isinstance(field, TextField):
        return _text(field, given)
    if isinstance(field, MoneyField):
        return _money(field, given)
    if isinstance(field, IntegerField):
        return _integer(field, given)
    if isinstance(field, DateField):
        return _date(field, given)
    if isinstance(field, ChoiceField):
        if not isinstance(given, str) or given not in {option.value for option in field.options}:
            raise FieldNotUnderstood(field=field.key, kind="choice")
        return given
    if isinstance(field, SealField):
        return str(_id(field, given))
    if isinstance(field, InvoicesField):
        return _invoices(field, given)
    return _documents(field, given)


def _text(field: TextField, given: Any) -> str:
    if not isinstance(given, str):
        raise FieldNotUnderstood(field=field.key, kind="text")
    kept = "".join(
        letter
        for letter in given.replace("\r\n", "\n")
        if letter == "\n" or unicodedata.category(letter) != "Cc"
    ).strip()
    if field.lines == 1:
        kept = " ".join(kept.split())
    if len(kept) > field.longest:
        raise FieldTooLong(field=field.key, longest=field.longest)
    if not kept:
        raise FieldMissing(field=field.key)
    return kept


def _money(field: MoneyField, given: Any) -> str:
    exact = _amount(field, given)
    if not Decimal(field.minimum) <= exact <= Decimal(field.maximum):
        raise FieldOutOfRange(field=field.key, minimum=field.minimum, maximum=field.maximum)
    return f"{exact:.2f}"


def _amount(field: FormField, given: Any) -> Decimal:
    """An amount to the fen; ``float`` is refused, because it is none."""
    text = unicodedata.normalize("NFKC", str(given)).replace(",", "").replace("¥", "").strip()
    try:
        amount = Decimal(text)
        exact = amount.quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise FieldNotUnderstood(field=field.key, kind="money") from error
    if isinstance(given, float) or amount != exact:
        raise FieldNotUnderstood(field=field.key, kind="money")
    return exact


def _integer(field: IntegerField, given: Any) -> int:
    text = unicodedata.normalize("NFKC", str(given)).strip()
    if isinstance(given, bool | float) or not text.lstrip("-").isdecimal() or len(text) > 18:
        raise FieldNotUnderstood(field=field.key, kind="integer")
    number = int(text)
    if not field.minimum <= number <= field.maximum:
        raise FieldOutOfRange(field=field.key, minimum=field.minimum, maximum=field.maximum)
    return number


def _date(field: DateField, given: Any) -> str:
    try:
        return date.fromisoformat(str(given)).isoformat()
    except ValueError as error:
        raise FieldNotUnderstood(field=field.key, kind="date") from error


def _documents(field: DocumentsField, given: Any) -> list[str]:
    entries = [given] if isinstance(given, str | UUID) else given
    if not isinstance(entries, list | tuple):
        raise FieldNotUnderstood(field=field.key, kind="documents")
    ids = list(dict.fromkeys(str(_id(field, entry)) for entry in entries))
    if len(ids) > field.most:
        raise TooManyDocuments(field=field.key, most=field.most)
    return ids


def _invoices(field: InvoicesField, given: Any) -> list[dict[str, str | None]]:
    if not isinstance(given, list | tuple):
        raise FieldNotUnderstood(field=field.key, kind="invoices")
    if len(given) > field.most:
        raise TooManyDocuments(field=field.key, most=field.most)
    lines = [_line(field, entry) for entry in given]
    ids = [line["document"] for line in lines]
    if len(set(ids)) != len(ids):
        raise InvoiceTwice(field=field.key, number="none")
    return lines


def _line(field: InvoicesField, entry: Any) -> dict[str, str | None]:
    """One line. Without an amount it is the whole invoice; what it amounts to is found out later."""
    if not isinstance(entry, Mapping) or entry.get("document") is None:
        raise FieldNotUnderstood(field=field.key, kind="invoices")
    category = entry.get("category") or None
    if category is not None and not isinstance(category, str):
        raise FieldNotUnderstood(field=field.key, kind="category")
    if field.categories:
        if category is None and len(field.categories) == 1:
            category = field.categories[0].value
        if category not in {one.value for one in field.categories}:
            raise FieldNotUnderstood(field=field.key, kind="category")
    elif category is not None:
        raise FieldNotUnderstood(field=field.key, kind="category")
    amount = entry.get("amount")
    note = entry.get("note")
    if note is not None and not isinstance(note, str):
        raise FieldNotUnderstood(field=field.key, kind="invoices")
    if amount is None or (isinstance(amount, str) and not amount.strip()):
        exact = None
    else:
        exact = _amount(field, amount)
        if abs(exact) > _MOST_MONEY:
            raise FieldOutOfRange(field=field.key, minimum="0.01", maximum=f"{_MOST_MONEY}")
    return {
        "document": str(_id(field, entry["document"])),
        "category": category,
        "amount": None if exact is None else f"{exact:.2f}",
        "note": _note(field, note),
    }


def _note(field: InvoicesField, note: str | None) -> str | None:
    kept = " ".join("".join(one if one.isprintable() else " " for one in note or "").split())
    if len(kept) > _LONGEST_NOTE:
        raise FieldTooLong(field=field.key, longest=_LONGEST_NOTE)
    return kept or None


def _id(field: FormField, given: Any) -> UUID:
    try:
        return UUID(str(given))
    except ValueError as error:
        raise FieldNotUnderstood(field=field.key, kind=field.type) from error
