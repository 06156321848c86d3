"""Thousands of damaged files go through the real worker: each is answered or refused with a code, in time.

``FUZZ_INPUTS`` says how many (``make fuzz``: 10,000; else a part of them that ends within a minute). What
the worker answers is tried for everything that writing it down relies on, since a task that fails there is
tried again for ever.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pypdfium2
import pytest
from pikepdf import Name, ObjectStreamMode, Stream

from ingest import media, pdf
from ingest.errors import FileRefused, ParserFailed
from ingest.invoices.facts import InvoiceFacts
from ingest.media import CONTAINERS, OFFICE, MediaType
from ingest.sandbox import Sandbox
from tests.ingest import builders_containers, mutating, samples
from tests.ingest.ofd import builder as ofd

INPUTS: Final = int(os.environ.get("FUZZ_INPUTS", "600"))
EACH: Final = 25
"""Files of one test."""
SECONDS: Final = 60.0
"""What a file of this size may take; the product allows five times that, for sixty pages of scans."""
NOMINAL: Final = {
    "pdf": MediaType.PDF, "ofd": MediaType.ZIP, "xml": MediaType.XML, "zip": MediaType.ZIP,
    "mail": MediaType.EML, "picture": MediaType.PNG,
}  # fmt: skip


def blocks() -> Iterator[tuple[str, int]]:
    """The tests: a family and the number of its first file."""
    share = -(-INPUTS // len(mutating.FAMILIES))
    for first in range(0, share, EACH):
        for family in mutating.FAMILIES:
            yield family, first


def tried(sandbox: Sandbox, data: bytes, family: MediaType, folder: Path) -> dict[str, Any] | None:
    """The file through check and read as the product does it; None when it is refused by code."""
    source, work = folder / "source", folder / "work"
    source.write_bytes(data)
    work.mkdir()
    kind = media.recognise(data[: media.HEAD]) or family
    try:
        checked = sandbox.run("check", source, media_type=kind.value, most_pages=50, seconds=SECONDS)
        if MediaType(checked["media_type"]) in OFFICE:
            return None  # LibreOffice's matter
        found = sandbox.run(
            "read", source, folder=str(work), media_type=checked["media_type"], trust=[],
            at="2026-03-02T10:00:00+08:00", most_pages=50, seconds=SECONDS,
        )  # fmt: skip
    except FileRefused as error:
        assert error.code != FileRefused.code
        assert not isinstance(error, ParserFailed) or error.context["reason"] == "memory", error.context
        return None
    assert_can_be_written_down(found, MediaType(checked["media_type"]), work)
    return found


def assert_can_be_written_down(found: dict[str, Any], kind: MediaType, work: Path) -> None:
    """Databases take neither half characters nor, in JSON, NUL; files that are named have to lie there."""
    for key in ("findings", "facts", "signatures", "members", "attachments"):
        for said in strings(found[key]):
            assert "\x00" not in said, (key, said)
            said.encode()
    for text in found["texts"]:
        text.encode()
    named = [
        found["pdf"],
        found["searchable"],
        *(one["file"] for one in found["members"] + found["attachments"]),
    ]
    for name in filter(None, named):
        assert (work / name).is_file() and (work / name).resolve().parent == work.resolve(), name
    if kind not in CONTAINERS:
        assert found["pages"] >= 1 and len(found["texts"]) == found["pages"]
    if found["facts"] is not None:
        assert InvoiceFacts.from_json(found["facts"]).to_json() == found["facts"]


def strings(value: Any) -> Iterator[str]:
    """All strings in a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def test_malformed_pdf_with_broken_metadata_is_repaired_all_the_same(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    document = samples.plain()
    document.Root.Metadata = Stream(document, b"<x:xmpmeta", Type=Name.Metadata, Subtype=Name.XML)
    data = samples.saved(document, object_stream_mode=ObjectStreamMode.disable, fix_metadata_version=False)
    damaged = data[: data.rindex(b"startxref")] + b"startxref\n7\n%%EOF\n"
    found = tried(sandbox, damaged, MediaType.PDF, tmp_path)
    assert found is not None and found["pdf"] is not None


def test_malformed_page_that_cannot_be_loaded_does_not_cost_the_others(tmp_path: Path) -> None:
    document = samples.plain(2)
    document.pages[0].Contents = Stream(document, b"0 0 m 50 50 l S")
    document.pages[1].obj.Type = Name.Font
    source = tmp_path / "source"
    source.write_bytes(samples.saved(document))
    with pytest.raises(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(source)[1]
    assert pdf.pages_with_pictures(source, [1, 2]) == [1]


def test_malformed_ofd_with_an_entry_without_a_name_is_read(tmp_path: Path, sandbox: Sandbox) -> None:
    parts = ofd.contract(1).parts() | {"": b"x"}
    assert tried(sandbox, ofd.zipped(parts), MediaType.ZIP, tmp_path) is not None


def test_malformed_mail_with_a_header_nested_without_end_is_read(tmp_path: Path, sandbox: Sandbox) -> None:
    message = builders_containers.mail()
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="a.pdf")
    written = message.as_bytes().replace(b"attachment; ", b"attachment; " + b"(" * 600)
    assert tried(sandbox, written, MediaType.EML, tmp_path) is not None


def test_malformed_type_of_a_part_without_a_name_makes_a_name_that_databases_take(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    head = b"From: a@example.cn\nSubject: x\nMIME-Version: 1.0\n"
    found = tried(sandbox, head + b"Content-Type: text/plain\x00\x01x\n\nwords\n", MediaType.EML, tmp_path)
    assert found is not None
    assert [one["name"] for one in found["members"]] == ["text.plainx-1"]


@pytest.mark.parametrize("family", mutating.FAMILIES)
def test_whole_samples_are_read(sandbox: Sandbox, tmp_path: Path, family: str) -> None:
    """Else the damaged ones would say nothing: all would be refused at the first look."""
    for number, data in enumerate(mutating.whole(family)):
        folder = tmp_path / str(number)
        folder.mkdir()
        kind = media.recognise(data[: media.HEAD])
        assert kind is not None
        is_office = b"[Content_Types].xml" in data and family == "zip"
        assert tried(sandbox, data, kind, folder) is not None or is_office, number


@pytest.mark.parametrize(("family", "first"), list(blocks()))
def test_malformed_files_are_answered_or_refused_with_a_code(
    sandbox: Sandbox, tmp_path: Path, family: str, first: int
) -> None:
    for number in range(first, first + EACH):
        folder = tmp_path / f"{family}-{number}"  # stays when the test fails
        folder.mkdir()
        begun = time.monotonic()
        tried(sandbox, mutating.malformed(family, number), NOMINAL[family], folder)
        assert time.monotonic() - begun < 2 * SECONDS + 10
        shutil.rmtree(folder)
