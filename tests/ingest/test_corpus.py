"""Every field of every invoice of the corpus, read in one go as the worker reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest import identification, media, reading
from ingest.invoices.facts import InvoiceFacts
from ingest.media import MediaType
from tests.ingest.corpus import Case, corpus, differences

_NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize("case", corpus(), ids=lambda case: case.name)
def test_every_field_of_the_file_is_right(case: Case, tmp_path: Path) -> None:
    source, folder = tmp_path / "original", tmp_path / "made"
    source.write_bytes(case.data)
    folder.mkdir()
    found = _type_of(source, case)
    outcome = reading.read(source, folder, found, [], _NOW, 500)
    assert outcome.facts is not None
    facts = InvoiceFacts.from_json(outcome.facts)
    assert differences(case.expected, facts) == []
    assert [one for one in facts.warnings if one.code in ("sources-disagree", "several-invoices")] == []


def _type_of(source: Path, case: Case) -> MediaType:
    family = media.recognise(case.data[: media.HEAD])
    assert family is not None
    return identification.identify(source, family)
