"""Checking a form: what a person or program sent becomes values that JSON can hold.

Stored values: text and choice as ``str``, money as ``str`` with two decimals, integer as ``int``,
date as ISO ``str``, seal as id, documents as a list of ids.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from core.errors import VermilionError
from workflow.errors import (
    FieldMissing,
    FieldNotUnderstood,
    FieldOutOfRange,
    FieldTooLong,
    FormInvalid,
    TooManyDocuments,
)
from workflow.flows import (
    ChoiceField,
    DateField,
    DocumentsField,
    Flow,
    FormField,
    IntegerField,
    MoneyField,
    SealField,
    TextField,
)

Values = dict[str, Any]


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
        return [] if isinstance(field, DocumentsField) else None
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
    text = unicodedata.normalize("NFKC", str(given)).replace(",", "").replace("¥", "").strip()
    try:
        amount = Decimal(text)
        exact = amount.quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise FieldNotUnderstood(field=field.key, kind="money") from error
    if isinstance(given, float) or amount != exact:
        raise FieldNotUnderstood(field=field.key, kind="money")
    if not Decimal(field.minimum) <= exact <= Decimal(field.maximum):
        raise FieldOutOfRange(field=field.key, minimum=field.minimum, maximum=field.maximum)
    return f"{exact:.2f}"


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


def _id(field: FormField, given: Any) -> UUID:
    try:
        return UUID(str(given))
    except ValueError as error:
        raise FieldNotUnderstood(field=field.key, kind=field.type) from error
