"""The corpus: papers in every carrier, each with what must be read of it.

A carrier's cases come from a function in a module of its own that is named in ``CARRIERS``: to add a
carrier, write ``tests/ingest/cases_<carrier>.py`` with ``def cases() -> Iterator[Case]`` and name it here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Final

from ingest.invoices.agreement import agree
from ingest.invoices.facts import InvoiceFacts, Line, Reading

CARRIERS: Final = (
    "cases_pdf",
    "cases_ofd",
    "cases_xml",
    "cases_xbrl",
    "cases_trades",
    "cases_cii",
    "cases_images",
    "cases_containers",
    "cases_office",
)
"""Modules beside this one."""


@dataclass(frozen=True)
class Case:
    """One file: ``name`` with its extension, and what reading it must give.

    ``expected`` is by the names of FIELDS, and ``lines`` as dicts; empty for what is no invoice.
    """

    name: str
    data: bytes
    expected: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[Case, ...] = ()
    """The files inside a container, in order, each by the name that people see."""
    texts: tuple[tuple[str, ...], ...] | None = None
    """Words that each page must have: as many pages as there are tuples. None where nobody counts."""


@cache
def corpus() -> tuple[Case, ...]:
    """All cases of all carriers; names are unique."""
    found = tuple(case for carrier in CARRIERS for case in import_module(f"tests.ingest.{carrier}").cases())
    assert len({case.name for case in found}) == len(found)
    return found


def differences(expected: Mapping[str, Any], said: Reading | InvoiceFacts | None) -> list[str]:
    """What a reading says otherwise than it should, one line each; empty when every field is right."""
    if said is None:
        return ["nothing was read"]
    found = [
        f"{name}: {said.get(name)!r} instead of {value!r}"
        for name, value in expected.items()
        if name != "lines" and not _is_same(name, said.get(name), value)
    ]
    if "lines" not in expected:
        return found
    if len(said.lines) != len(expected["lines"]):
        found.append(f"{len(said.lines)} lines instead of {len(expected['lines'])}")
    for number, (line, wanted) in enumerate(zip(said.lines, expected["lines"], strict=False), start=1):
        found += [f"line {number} {one}" for one in _line_differences(line, wanted)]
    return found


def _is_same(name: str, value: Any, wanted: Any) -> bool:
    """Whether a value is as it should be; where None is wanted nothing may be said."""
    if wanted is None:
        return value is None
    return value is not None and (value == wanted or agree(name, value, wanted))


def _line_differences(line: Line, wanted: Mapping[str, Any]) -> list[str]:
    found = []
    for name, value in wanted.items():
        read = getattr(line, name)
        if isinstance(read, str) and isinstance(value, str):
            read, value = _bare(read), _bare(value)
        if read != value:
            found.append(f"{name}: {read!r} instead of {value!r}")
    return found


def _bare(text: str) -> str:
    """A name as a page shows it, broken anywhere, its wide brackets like narrow ones."""
    return unicodedata.normalize("NFKC", text).replace(" ", "")
