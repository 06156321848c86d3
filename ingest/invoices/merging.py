"""One invoice from all sources of its file: xml and xbrl before qr before text before ocr.

The most reliable source of a field counts; what the others say stays beside it, and a disagreement is a
warning that shows both. The order in which the readings come does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from ingest.invoices import capitals
from ingest.invoices.agreement import agree, kind_of
from ingest.invoices.facts import (
    FIELDS,
    RANKS,
    Fact,
    InvoiceFacts,
    Line,
    Other,
    Plain,
    Reading,
    Source,
    Value,
    Warn,
)

DOUBTFUL: Final = 0.6
"""Recognised values below this confidence are shown beside a better source's, and no reason for a warning."""
_STRUCTURED: Final = frozenset({Source.XML, Source.XBRL, Source.QR})
_CENT: Final = Decimal("0.01")
_HIGHEST_RATE: Final = Decimal("0.5")


def merge(readings: Sequence[Reading], others: Sequence[str] = ()) -> InvoiceFacts | None:
    """The invoice; None when no source says anything.

    ``others`` are numbers of further invoices that stand on later pages: they are told, not read.
    """
    said = sorted((one for one in readings if one.fields), key=_order)
    if not said:
        return None
    own, numbers = _one_invoice(said)
    own = _understood(own)
    warnings: list[Warn] = []
    first = next((one.get("number") for one in own if one.get("number")), None)
    numbers += [one for one in ([first] if first and others else []) + list(others) if one not in numbers]
    if len(numbers) > 1:
        warnings.append(Warn("several-invoices", {"numbers": ", ".join(numbers)}))
    fields: dict[str, Fact] = {}
    for name in FIELDS:
        fact = _fact(name, own, warnings)
        if fact is not None:
            fields[name] = fact
    source, lines = _lines(own)
    _derive(fields, lines)
    ordered = {name: fields[name] for name in FIELDS if name in fields}
    return InvoiceFacts(ordered, lines, source, tuple(warnings))


def _order(reading: Reading) -> tuple[object, ...]:
    """The most reliable first; among equals the one that says more; then by what it says, for certainty."""
    values = sorted((name, str(value.value), value.confidence) for name, value in reading.fields.items())
    return (RANKS[reading.source], -len(reading.fields), reading.origin, values, str(reading.lines))


def _one_invoice(said: list[Reading]) -> tuple[list[Reading], list[str]]:
    """The readings of the first invoice, which is the one that the words name if any is, and the numbers of
    all that data and codes name.

    Numbers that were read from a page may be misread: they are compared as fields, and end nothing.
    """
    numbers: list[str] = []
    for reading in said:
        number = reading.get("number")
        if reading.source in _STRUCTURED and number and number not in numbers:
            numbers.append(number)
    if len(numbers) < 2:
        return said, numbers
    printed = [one.get("number") for one in said if one.source not in _STRUCTURED]
    chosen = next((number for number in numbers if number in printed), numbers[0])
    numbers.remove(chosen)
    numbers.insert(0, chosen)
    own = [one for one in said if one.source not in _STRUCTURED or one.get("number") in (None, chosen)]
    return own, numbers


def _understood(said: list[Reading]) -> list[Reading]:
    """The readings with the amount of a QR code as what it is.

    Which amount a code gives depends on the kind of invoice, and some makers do not know that: an amount
    that is not the net one of the other sources but is their total is the total, and the other way round.
    """
    found = []
    for reading in said:
        others = [one for one in said if one.source is not Source.QR]
        for name, opposite in (("net", "total"), ("total", "net")):
            amount = reading.get(name)
            if reading.source is not Source.QR or amount is None:
                continue
            stated = [one.get(name) for one in others if one.get(name) is not None]
            crossed = [one.get(opposite) for one in others if one.get(opposite) is not None]
            if amount not in stated and amount in crossed:
                fields = {key: value for key, value in reading.fields.items() if key != name}
                reading = replace(reading, fields={**fields, opposite: reading.fields[name]})
                break
        found.append(reading)
    return found


def _fact(name: str, said: list[Reading], warnings: list[Warn]) -> Fact | None:
    """A field from the most reliable source that has it; of equally reliable ones from the surest."""
    given = [(one.source, one.fields[name]) for one in said if name in one.fields]
    if not given:
        return None
    given.sort(key=lambda one: (RANKS[one[0]], -one[1].confidence))
    source, chosen = given[0]
    others: dict[tuple[Source, str], Other] = {}
    place = chosen.place
    for other_source, other in given[1:]:
        is_same = agree(name, chosen.value, other.value)
        if is_same and place is None:
            place = other.place  # data have none; where the page says the same it can be pointed at
        seen = (other_source, str(other.value))
        if seen in others:
            continue
        others[seen] = Other(other.value, other_source, is_same)
        if not is_same and not _is_doubtful(other_source, other):
            warnings.append(_disagreement(name, source, chosen, other_source, other))
    return Fact(chosen.value, source, chosen.raw, place, chosen.confidence, tuple(others.values()))


def _is_doubtful(source: Source, value: Value) -> bool:
    return source is Source.OCR and value.confidence < DOUBTFUL


def _disagreement(name: str, source: Source, value: Value, other_source: Source, other: Value) -> Warn:
    return Warn(
        "sources-disagree",
        {
            "field": name,
            "value": _shown(value.value),
            "source": source.value,
            "other": _shown(other.value),
            "other_source": other_source.value,
        },
    )


def _shown(value: Plain) -> str:
    return str(value)[:200]


def _lines(said: list[Reading]) -> tuple[Source | None, tuple[Line, ...]]:
    """The lines of the most reliable source that has any, pointed at where a page has the same ones."""
    listed = [one for one in said if one.lines]
    if not listed:
        return None, ()
    chosen = listed[0]
    lines = chosen.lines
    for other in listed[1:]:
        if [line.amount for line in other.lines] == [line.amount for line in lines]:
            lines = tuple(
                line if line.place is not None else replace(line, place=seen.place)
                for line, seen in zip(lines, other.lines, strict=True)
            )
    return chosen.source, lines


def _derive(fields: dict[str, Fact], lines: Sequence[Line]) -> None:
    """What follows from other fields: an amount from two others, the total from its capitals, red from minus.

    A derived fact has the source of the weaker of those it comes from, and as ``raw`` how it was made.
    """
    _total_from_capitals(fields)
    if (
        "type" not in fields or kind_of(str(fields["type"].value)) != "air"
    ):  # funds come on top of net and tax
        _third_amount(fields, lines)
    total = fields.get("total")
    if "is_red" not in fields and total is not None and _number(fields, "total") < 0:
        fields["is_red"] = Fact(True, total.source, total.raw, total.place, total.confidence)


def _number(fields: Mapping[str, Fact], name: str) -> Decimal:
    value = fields[name].value
    assert isinstance(value, Decimal)
    return value


def _total_from_capitals(fields: dict[str, Fact]) -> None:
    said = fields.get("total_in_capitals")
    if said is None or "total" in fields:
        return
    amount = capitals.parse(str(said.value))
    if amount is not None:
        fields["total"] = replace(said, value=amount, raw=str(said.value), others=())


def _third_amount(fields: dict[str, Fact], lines: Sequence[Line]) -> None:
    missing = [name for name in ("net", "tax", "total") if name not in fields]
    if len(missing) != 1:
        return
    name = missing[0]
    first, second, sign = {
        "net": ("total", "tax", -1),
        "tax": ("total", "net", -1),
        "total": ("net", "tax", 1),
    }[name]
    amounts = {first: _number(fields, first), second: _number(fields, second)}
    amounts[name] = amounts[first] + sign * amounts[second]
    if not _is_consistent(amounts, fields, lines):
        return
    weaker = max((fields[first], fields[second]), key=lambda fact: (RANKS[fact.source], -fact.confidence))
    way = f"{first} {'+' if sign > 0 else '−'} {second}"
    confidence = min(fields[first].confidence, fields[second].confidence)
    fields[name] = Fact(amounts[name], weaker.source, way, None, confidence)


def _is_consistent(amounts: Mapping[str, Decimal], fields: Mapping[str, Fact], lines: Sequence[Line]) -> bool:
    """Whether the three amounts can be of one invoice and fit its capitals and lines, where there are any."""
    net, tax, total = amounts["net"], amounts["tax"], amounts["total"]
    if net * tax < 0 or abs(tax) > abs(net) * _HIGHEST_RATE + _CENT:
        return False
    said = fields.get("total_in_capitals")
    in_capitals = capitals.parse(str(said.value)) if said else None
    if in_capitals is not None and abs(in_capitals) != abs(total):
        return False
    sums = [line.amount for line in lines if line.amount is not None]
    if not sums or len(sums) != len(lines):
        return True
    return abs(sum(sums, Decimal(0)) - net) <= _CENT * len(sums)
