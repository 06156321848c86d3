"""Invoices read from words alone: exact ones and noisy ones."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import pdf_words
from ingest.invoices import text
from ingest.invoices.facts import Source
from ingest.words import Page, Place, Word
from tests.ingest.cases_pdf import Sample, samples
from tests.ingest.corpus import differences

SAMPLES = {sample.name: sample for sample in samples()}
NOISY = sorted(
    name for name, sample in SAMPLES.items() if not sample.look.labels_are_picture and "sideways" not in name
)
CONFUSED = {
    "发": "友",
    "票": "栗",
    "号": "弓",
    "码": "玛",
    "期": "斯",
    "合": "台",
    "计": "讣",
    "价": "阶",
    "税": "悦",
    "额": "颔",
    "名": "各",
    "称": "你",
    "开": "井",
    "日": "曰",
    "：": "",
    ":": "",
    "小": "少",
    "写": "与",
    "识": "织",
}


@cache
def pages_of(name: str) -> list[Page]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.pdf"
        path.write_bytes(SAMPLES[name].data())
        return pdf_words.words(path)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
def test_words_alone_give_every_printed_field(sample: Sample) -> None:
    read = text.read(pages_of(sample.name), Source.TEXT)
    assert differences(sample.printed(), read) == []
    assert read is not None
    assert set(read.fields) <= set(sample.printed())


@pytest.mark.parametrize("name", ["vat", "vat-rotated", "digital-song", "digital-sideways", "railway"])
def test_places_are_where_the_value_stands(name: str) -> None:
    """What stands at the place of a value, by the words whose middles lie in it, is the value."""
    read = text.read(pages_of(name), Source.TEXT)
    assert read is not None
    for field in ("number", "buyer_tax_id", "total"):
        value = read.fields[field]
        assert value.place is not None
        inside = [
            word.text for word in pages_of(name)[value.place.page - 1] if _is_in(word.place, value.place)
        ]
        bare = "".join(inside).replace(" ", "").replace(",", "")
        assert str(value.value) in bare


def _is_in(word: Place, place: Place) -> bool:
    across = min(word.right, place.right) - max(word.left, place.left)
    down = min(word.bottom, place.bottom) - max(word.top, place.top)
    return across > 0.001 and down > 0.5 * min(word.bottom - word.top, place.bottom - place.top)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NOISY), st.randoms(use_true_random=False), st.floats(0, 0.35), st.floats(0.3, 1.0))
def test_noise_never_gives_a_wrong_number_date_or_total_that_looks_certain(
    name: str, draw: object, share: float, least: float
) -> None:
    pages = [_noisy(page, draw, share, least) for page in pages_of(name)]
    read = text.read(pages, Source.OCR)
    expected = SAMPLES[name].printed()
    for field in ("number", "issue_date", "total", "code", "net", "tax"):
        value = read.fields.get(field) if read else None
        if value is not None and value.confidence >= 0.9:
            assert value.value == expected.get(field), field


@pytest.mark.parametrize("name", NOISY)
def test_slightly_noisy_words_still_give_number_date_and_total(name: str) -> None:
    import random

    pages = [_noisy(page, random.Random(5), 0.0, 0.95) for page in pages_of(name)]
    read = text.read(pages, Source.OCR)
    expected = SAMPLES[name].printed()
    assert read is not None
    wanted = {field: expected[field] for field in ("number", "issue_date", "total")}
    assert differences(wanted, read) == []


def _noisy(page: Page, draw: object, share: float, least: float) -> Page:
    """Recognised words: shifted, hanging a little, less certain, with letters of labels mistaken."""
    slope = draw.uniform(-0.01, 0.01)  # type: ignore[attr-defined]
    found = []
    for word in page:
        high = word.place.bottom - word.place.top
        down = draw.uniform(-0.12, 0.12) * high + slope * word.place.left  # type: ignore[attr-defined]
        across = draw.uniform(-0.1, 0.1) * high  # type: ignore[attr-defined]
        place = replace(
            word.place,
            left=word.place.left + across,
            right=word.place.right + across,
            top=word.place.top + down,
            bottom=word.place.bottom + down,
        )
        said = "".join(
            CONFUSED[letter] if letter in CONFUSED and draw.random() < share else letter  # type: ignore[attr-defined]
            for letter in word.text
        )
        if said:
            found.append(Word(said, place, draw.uniform(least, 1.0)))  # type: ignore[attr-defined]
    return tuple(found)
