"""A file on the disk is read as its bytes in memory are, and judged the same, at whatever size."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import source as sources
from signing.fields import FieldSpec
from signing.source import Source
from signing.verification import Outcome, verify_pdf
from tests.office import contract_pdf
from tests.signing.conftest import Desk
from tests.signing.verification.attacks import appended, body_of


@pytest.fixture
def mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as large, and is read in small pieces."""
    monkeypatch.setattr(sources, "_SMALL", 0)
    monkeypatch.setattr(sources, "_CHUNK", 4096)
    monkeypatch.setattr(sources, "_LOOKS", 1)


@given(parts=st.lists(st.sampled_from([b"/Ab", b"/A", b"b", b"x" * 7, b"/AbAb"]), min_size=1, max_size=40))
def test_a_pattern_is_found_in_pieces_where_it_is_found_in_one(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
) -> None:
    data, pattern = b"".join(parts), re.compile(b"/Ab+")
    path = tmp_path_factory.mktemp("found") / "data"
    path.write_bytes(data)
    patched = pytest.MonkeyPatch()
    patched.setattr(sources, "_SMALL", 0)
    patched.setattr(sources, "_CHUNK", 5)
    try:
        with Source.opened(path) as source:
            assert list(source.places(pattern, 4)) == [one.start() for one in pattern.finditer(data)]
            assert source.sha256() == Source.of(data).sha256()
            assert source.sha256(3) == Source.of(data).sha256(3)
            assert source.is_same((0, len(data)), (0, len(data)))
            assert source.is_blank(0, len(data), b"x") == (not data.strip(b"x"))
    finally:
        patched.undo()


def test_verdicts_of_a_mapped_file_are_those_of_its_bytes(
    shared_desk: Desk, tmp_path: Path, mapped: None
) -> None:
    signed = shared_desk.signed("head", "gm")
    with pikepdf.open(io.BytesIO(signed)) as opened:
        contents = opened.pages[0].obj.Contents
        number = (contents[0] if isinstance(contents, pikepdf.Array) else contents).objgen[0]
    evil = appended(signed, {number: b"<</Length 12>>\nstream\nq 0 0 m S Q \nendstream"})
    same = appended(signed, {number: body_of(signed, number)})
    broken = signed[:2000] + bytes([signed[2000] ^ 1]) + signed[2001:]
    cases = {
        "signed": (signed, Outcome.VALID),
        "same": (same, Outcome.VALID),
        "evil": (evil, Outcome.INVALID),
        "broken": (broken, None),
        "cut": (signed[:-500], None),
        "none": (b"", None),
        "trailing": (signed + b"more", None),
    }
    for name, (pdf, outcome) in cases.items():
        path = tmp_path / name
        path.write_bytes(pdf)
        expected = verify_pdf(pdf, shared_desk.roots(), shared_desk.now())
        with Source.opened(path) as source:
            found = verify_pdf(source, shared_desk.roots(), shared_desk.now())
        assert found.to_json("", "en") == expected.to_json("", "en"), name
        assert outcome is None or found.outcome is outcome, name


@pytest.mark.parametrize("most_in_memory", [1 << 20, 16])
def test_an_upload_is_read_where_the_server_put_it(mapped: None, most_in_memory: int) -> None:
    data = bytes(range(256)) * 200
    with tempfile.SpooledTemporaryFile(max_size=most_in_memory) as file:
        file.write(data)
        file.seek(3)
        with Source.held(file) as source:  # type: ignore[arg-type]
            assert source.size == len(data)
            assert b"".join(bytes(piece) for piece in source.pieces(0, source.size)) == data
            assert source.data[100:200] == data[100:200]


def test_streams_stay_on_the_disk(shared_desk: Desk, tmp_path: Path) -> None:
    with pikepdf.open(io.BytesIO(contract_pdf())) as pdf:
        pdf.Root.Scan = pdf.make_indirect(pdf.make_stream(bytes(range(256)) * 40_000))
        pdf.save(tmp_path / "large.pdf", compress_streams=False)
    path = tmp_path / "large.pdf"
    shared_desk.signing.add_fields_to_file(path, [FieldSpec("A")])
    shared_desk.signing.sign_file(path, "A", shared_desk.signatory(), reason="批准")
    with Source.opened(path) as source:
        assert not isinstance(source.data, bytes)
        assert verify_pdf(source, shared_desk.roots(), shared_desk.now()).outcome is Outcome.VALID
