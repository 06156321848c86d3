"""Tables for spreadsheets: what goes in comes out, and nothing computes."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import sheets
from core.sheets import csv_pieces, write_workbook


def read_csv(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf") and data.count(b"\xef\xbb\xbf") == 1
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4), min_size=1)
)
def test_no_cell_of_a_csv_file_begins_like_a_formula(rows: list[list[str]]) -> None:
    read = read_csv(b"".join(csv_pieces(rows)))

    for before, after in zip(rows, read, strict=True):
        for text, cell in zip(before, after, strict=True):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
            assert cell in (text, f"'{text}")


def test_amounts_and_times_stay_what_they_are(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 2, 16, 15, tzinfo=UTC)
    rows = [["编号", "=a"], ["=1+1", Decimal("-5.20")], ["\ud800\x01坏", moment], [None, 7]]

    assert read_csv(b"".join(csv_pieces(rows)))[1:] == [
        ["'=1+1", "-5.20"], ["?\x01坏", "2026-03-02 16:15"], ["", "7"]
    ]  # fmt: skip
    write_workbook(tmp_path / "a.xlsx", "用印/登记簿", rows)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet is not None and sheet.title == "用印 登记簿"
    read = [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]
    assert read == [
        [("编号", "s"), ("=a", "s")],
        [("=1+1", "s"), (-5.2, "n")],
        [("  坏", "s"), (moment.replace(tzinfo=None), "d")],
        [(None, "n"), (7, "n")],
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]


def test_a_workbook_has_only_so_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 2)
    write_workbook(tmp_path / "a.xlsx", "x", [["a"]] * 3)
    with pytest.raises(ValueError, match="more than 2"):
        write_workbook(tmp_path / "b.xlsx", "x", [["a"]] * 4)
