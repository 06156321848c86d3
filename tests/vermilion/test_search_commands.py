"""Searching from the terminal: saved searches of a person, and everything that is found in a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from click.testing import Result
from sqlalchemy import select
from typer.testing import CliRunner

from core.models import AuditEntry
from tests.e2e.approver import open_home
from tests.office import contract_pdf, open_office
from vermilion import assembly
from vermilion.cli import app

STAFF = ("--as", "staff")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where staff has three contracts and somebody else one."""
    made = tmp_path_factory.mktemp("search") / "home"
    with open_office(made) as office:
        for who, name in (("staff", "水泵"), ("staff", "阀门"), ("staff", "管道"), ("other", "电缆")):
            office.upload(who, contract_pdf(f"{name}采购合同"), f"{name}采购合同.pdf")
        office.work_off()
    return made


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("VERMILION_HOME", str(home))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def audited(home: Path, *actions: str) -> list[AuditEntry]:
    runtime = open_home(home, "")
    try:
        with runtime.database.read() as session:
            wanted = select(AuditEntry).where(AuditEntry.action.in_(actions)).order_by(AuditEntry.sequence)
            return list(session.scalars(wanted))
    finally:
        assembly.close(runtime)


def test_all_that_a_person_may_see_goes_into_a_file_and_into_the_audit_trail(
    home: Path, tmp_path: Path
) -> None:
    file, book = tmp_path / "found.csv", tmp_path / "found.xlsx"
    done = run("search", "采购合同", "--order", "oldest", "--to", str(file), *STAFF)
    assert (done.exit_code, done.stdout.strip()) == (0, f"3 → {file}")
    rows = list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"))))
    assert [row[2] for row in rows[1:]] == ["水泵采购合同.pdf", "阀门采购合同.pdf", "管道采购合同.pdf"]
    told = run("search", "采购", "--to", str(book), *STAFF, "--json")
    assert json.loads(told.stdout) == {
        "file": str(book), "records": 3, "is_cut": False, "size": book.stat().st_size,
    }  # fmt: skip
    assert openpyxl.load_workbook(book).active.max_row == 4
    assert sorted(each.name for each in tmp_path.iterdir()) == ["found.csv", "found.xlsx"]
    entries = audited(home, "search.exported", "search.export_downloaded")
    assert [entry.action for entry in entries] == ["search.exported", "search.export_downloaded"] * 2
    assert entries[1].payload is not None and entries[1].payload["address"] == "command line"
    assert len({entry.actor_id for entry in entries}) == 1


def test_a_file_that_is_there_or_of_another_kind_is_refused_before_anything_is_written(
    home: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there.csv"
    there.write_text("mine")
    before = len(audited(home, "search.exported"))
    for file, said in (
        (there, "is there already"),
        (tmp_path / "found.pdf", "has to end in one of .xlsx, .csv"),
    ):
        refused = run("search", "采购", "--to", str(file), *STAFF)
        assert refused.exit_code == 1 and said in refused.stderr.replace("\n", " ")
    assert there.read_text() == "mine" and len(audited(home, "search.exported")) == before
    assert run("search", "采购", "--to", str(tmp_path / "x.csv")).exit_code == 2
    assert run("search").exit_code == 2


def test_searches_are_kept_listed_asked_and_forgotten_for_a_person(home: Path) -> None:
    saved = run("saved-search", "save", "水泵们", "水泵 OR 阀门", "--order", "oldest", "--notify", *STAFF)
    assert saved.exit_code == 0
    again = run("saved-search", "save", "水泵们", "阀门", *STAFF)
    assert again.exit_code == 1 and "already have a saved search" in again.stderr
    (told,) = [json.loads(line) for line in run("saved-search", "list", "--json", *STAFF).stdout.splitlines()]
    assert (told["id"], told["name"], told["is_notified"]) == (saved.stdout.strip(), "水泵们", True)
    assert "水泵 OR 阀门" in run("saved-search", "list", *STAFF).stdout
    assert run("saved-search", "list", "--json", "--as", "other").stdout == ""
    hits = [
        json.loads(line)["title"]
        for line in run("search", "--saved", "水泵们", "--json", *STAFF).stdout.splitlines()
    ]
    assert hits == ["水泵采购合同.pdf", "阀门采购合同.pdf"]
    assert run("saved-search", "delete", "水泵们", "--as", "other").exit_code == 1
    assert run("saved-search", "delete", "水泵们", *STAFF).exit_code == 0
    assert run("search", "--saved", "水泵们", *STAFF).exit_code == 1
    kept, gone = audited(home, "search.saved", "search.forgotten")
    assert kept.payload is not None and kept.payload["query"]["text"] == "水泵 OR 阀门"
    assert kept.resource_id == gone.resource_id


def test_names_that_were_found_by_their_sound_are_told_with_the_hit() -> None:
    lines = run("search", "zw 水泵", *STAFF).stdout.splitlines()
    assert lines == ["document  水泵采购合同.pdf · 张伟"]
    (hit,) = [json.loads(line) for line in run("search", "zw 水泵", "--json", *STAFF).stdout.splitlines()]
    assert hit["names"] == [{"field": "applicant", "highlights": [{"text": "张伟", "hit": True}]}]
