"""Office files become PDF/A by the real LibreOffice, which can neither act nor look around."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from ingest import office, pdf
from ingest.errors import FileBroken, OfficeNotInstalled, ParserFailed
from tests.ingest import builders_containers as builders
from tests.verapdf import violations

needs_office = pytest.mark.skipif(office.program() is None, reason="LibreOffice is not on this machine")


def made(folder: Path, data: bytes, seconds: float = 90) -> Path:
    source = folder / "original"
    source.write_bytes(data)
    return office.to_pdf(source, folder, seconds)


@needs_office
@pytest.mark.parametrize(
    ("data", "words"),
    [(builders.docx("Contract No 7"), "Contract No 7"), (builders.xlsx("1234.5"), "1234.5"),
     (builders.pptx("Slide of the year"), "Slide of the year")],
)  # fmt: skip
def test_office_files_become_pdf_a_with_their_words(data: bytes, words: str, tmp_path: Path) -> None:
    target = made(tmp_path, data)
    assert words in pdf.text(target)[0]
    assert violations(target) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["office.pdf", "original"]


@needs_office
def test_a_document_cannot_draw_in_files_of_the_server(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("TOPSECRET")
    field = (
        '<w:p><w:fldSimple w:instr=" INCLUDETEXT &quot;'
        + str(secret)
        + '&quot; \\* MERGEFORMAT "><w:r><w:t>old</w:t>'
        "</w:r></w:fldSimple></w:p>"
    )
    target = made(tmp_path, builders.docx("words", body=field))
    assert "TOPSECRET" not in "".join(pdf.text(target))


@needs_office
def test_what_is_no_office_file_is_refused(tmp_path: Path) -> None:
    data = builders.docx()
    with pytest.raises(FileBroken):
        made(tmp_path, data[: len(data) // 3])


@needs_office
def test_what_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(ParserFailed):
        made(tmp_path, builders.docx(), seconds=0.2)
    assert time.monotonic() - started < 10
    profile = str(tmp_path)
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if profile.encode() in _read(path)]
    assert left == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_without_libreoffice_the_refusal_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(OfficeNotInstalled):
        made(tmp_path, builders.docx())
