"""Invoices photographed badly: number, date and total are right, and nothing is wrong without a warning.

The suite takes a few photos; ``TEST_PHOTOS=100`` takes as many as it says (what begins with VERMILION_ is
kept out of the tests).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ingest.invoices import text
from ingest.invoices.facts import InvoiceFacts, Reading, Source
from ingest.invoices.merging import merge
from ingest.scanning import convert
from tests.ingest.builders_photos import photo, spec_of

COUNT = int(os.environ.get("TEST_PHOTOS", "12"))
NAMES = ("number", "issue_date", "total")
FEWEST_RIGHT = 0.95


@dataclass(frozen=True)
class Outcome:
    """What came of one photo: the fields that are wrong or missing, and those wrong without a warning."""

    seed: int
    missed: list[str]
    missed_by_words: list[str]
    silent: list[str]
    has_code: bool


def read(seed: int, folder: Path) -> Outcome:
    source = folder / "photo.jpg"
    source.write_bytes(photo(seed))
    made = convert(source, folder)
    assert made.pages is not None
    words = text.read(made.pages, Source.OCR)
    facts = merge([*made.readings, *([words] if words else [])])
    wanted = spec_of(seed).expected()
    missed = _missed(facts, wanted)
    wrong = [name for name in missed if facts is not None and facts.get(name) is not None]
    warned = facts is not None and bool(facts.warnings)
    return Outcome(seed, missed, _missed(words, wanted), [] if warned else wrong, bool(made.readings))


def _missed(said: InvoiceFacts | Reading | None, wanted: dict[str, Any]) -> list[str]:
    return [name for name in NAMES if said is None or said.get(name) != wanted[name]]


@pytest.mark.slow
@pytest.mark.timeout(60 * max(COUNT, 10))
def test_photographed_invoices_are_read_right(tmp_path: Path) -> None:
    outcomes = [read(seed, tmp_path) for seed in range(COUNT)]
    missed = [one for one in outcomes if one.missed]
    print(
        f"{COUNT - len(missed)} of {COUNT} right;"
        f" by words alone {sum(not one.missed_by_words for one in outcomes)};"
        f" codes read {sum(one.has_code for one in outcomes)}"
    )
    assert not [one for one in outcomes if one.has_code and one.silent]
    assert len(missed) <= (1 - FEWEST_RIGHT) * COUNT, missed
