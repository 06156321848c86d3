"""Stories of single faults: each test is one that was found."""

from __future__ import annotations

import io
import json
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image
from sqlalchemy import func, select

from core.i18n import LANGUAGES, translator
from ingest import errors, looking, media, sandbox
from ingest.errors import FileBroken, FileTruncated, ParserFailed
from ingest.models import PageText
from ingest.sandbox import Sandbox
from tests.ingest import samples
from tests.ingest.conftest import Desk
from tests.ingest.test_processing import drawn, versions


@pytest.fixture
def own() -> Iterator[Sandbox]:
    made = Sandbox(workers=1)
    yield made
    made.close()


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "some.pdf"
    path.write_bytes(samples.typeset())
    return path


def answering(monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    """Have the worker be a program that answers every request with ``line``."""
    code = f"import sys\nfor _ in sys.stdin: sys.stdout.buffer.write({line!r}); sys.stdout.flush()"
    real = sandbox.subprocess.Popen

    def popen(_arguments: list[str], **options: Any) -> Any:
        return real([sys.executable, "-c", code], **options)

    monkeypatch.setattr(sandbox.subprocess, "Popen", popen)


def test_worker_that_died_while_idle_does_not_cost_the_next_file(own: Sandbox, pdf: Path) -> None:
    own.run("inspect", pdf)
    process = own._idle[0].process
    process.kill()
    process.wait()
    assert own.run("inspect", pdf)["pages"] == 2


def test_sandbox_works_with_more_than_a_thousand_open_files(pdf: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("the machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    busy = Sandbox(workers=1)
    try:
        assert busy.run("inspect", pdf)["pages"] == 2
    finally:
        busy.close()
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("line", [b"not json\n", b"[]\n", b'{"ok": 3}\n', b'{"refused": "FileBroken"}\n'])
def test_answer_of_a_worker_that_was_taken_over_is_a_crash(
    own: Sandbox, pdf: Path, monkeypatch: pytest.MonkeyPatch, line: bytes
) -> None:
    answering(monkeypatch, line)
    with pytest.raises(ParserFailed) as caught:
        own.run("inspect", pdf)
    assert caught.value.context["reason"] == "crash"


def test_worker_cannot_raise_what_is_no_refusal(
    own: Sandbox, pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, b'{"refused": "annotations", "context": {}}\n')
    with pytest.raises(ParserFailed):
        own.run("inspect", pdf)


def test_reason_of_a_refusal_fits_into_every_database(
    own: Sandbox, pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL refuses NUL and half characters in JSON: the document would be processed for ever."""
    answer = {"refused": "FileBroken", "context": {"reason": "at \x00 \ud800 here"}}
    answering(monkeypatch, json.dumps(answer).encode() + b"\n")
    with pytest.raises(FileBroken) as caught:
        own.run("inspect", pdf)
    assert caught.value.context["reason"] == "at     here"


def test_worker_that_ran_out_of_memory_is_replaced(
    own: Sandbox, pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, b'{"refused": "ParserFailed", "context": {"reason": "memory"}}\n')
    with pytest.raises(ParserFailed):
        own.run("inspect", pdf)
    assert own._idle == []


@pytest.mark.parametrize("reason", ["time", "memory", "crash"])
def test_why_a_parser_failed_is_said_in_words(reason: str) -> None:
    said = {translator(language).error(ParserFailed(reason=reason)) for language in LANGUAGES}
    assert len(said) == 2 and not any(f"({reason})" in text or f"（{reason}）" in text for text in said)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_photo_keeps_its_very_bytes_too(desk: Desk, orientation: int) -> None:
    """Phones turn nearly every photo by EXIF: unpacked, a photo of 4 MB made a PDF of 25 MB."""
    data = samples.turned_jpeg(orientation)
    made = versions(desk, desk.process(data, "photo.jpg"))[-1]
    with pikepdf.open(io.BytesIO(desk.store.read(made.digest))) as pdf:
        assert pdf.pages[0].Resources.XObject.Picture.read_raw_bytes() == data


def test_photo_with_a_second_picture_inside_keeps_its_very_bytes(desk: Desk) -> None:
    """Phones write multi-picture JPEGs (MPO)."""
    first, out = Image.new("RGB", (300, 200), "red"), io.BytesIO()
    first.save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (300, 200), "blue")])
    made = versions(desk, desk.process(out.getvalue(), "photo.jpg"))[-1]
    assert made.size < len(out.getvalue()) + 2000
    pixel: Any = drawn(desk.store.read(made.digest)).getpixel((421, 297))
    assert pixel[0] > 240 and pixel[2] < 10


def test_photo_with_unreadable_exif_is_taken_as_it_lies(desk: Desk) -> None:
    data = samples.picture(form="JPEG", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff" + b"\xff" * 40)
    document = desk.process(data, "photo.jpg")
    assert document.state == "ready"


def test_grey_with_a_transparent_tone_is_white_there(desk: Desk) -> None:
    out = io.BytesIO()
    Image.new("L", (200, 200), 0).save(out, "PNG", transparency=0)
    made = versions(desk, desk.process(out.getvalue(), "stamp.png"))[-1]
    assert drawn(desk.store.read(made.digest)).getpixel((297, 421)) == (255, 255, 255)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_cut_picture_is_called_truncated(desk: Desk, form: str) -> None:
    image, out = Image.effect_noise((400, 400), 80), io.BytesIO()
    image.save(out, form)
    with pytest.raises(FileTruncated):
        desk.receive(out.getvalue()[: len(out.getvalue()) // 2])


def test_signature_with_an_inherited_field_type_counts_as_signed(desk: Desk) -> None:
    """The field type may stand at the parent; such a file, when damaged, was written anew."""
    document = samples.plain()
    value = Dictionary(Type=Name.Sig, ByteRange=Array([0, 1, 2, 3]), Contents=String("x"))
    parent = document.make_indirect(Dictionary(FT=Name.Sig, T=String("a")))
    parent.Kids = Array([document.make_indirect(Dictionary(Parent=parent, T=String("b"), V=value))])
    document.Root.AcroForm = Dictionary(Fields=Array([parent]))
    assert {"code": "signed"} in desk.ingest.inspect(samples.saved(document)).findings


@pytest.mark.parametrize("key", ["/Ref", "/OPI"])
def test_content_that_is_fetched_from_elsewhere_is_an_external_reference(desk: Desk, key: str) -> None:
    document = samples.plain()
    form = Stream(document, b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
    form.stream_dict[key] = Dictionary(F=String("other.pdf"), Page=0)
    document.pages[0].Resources = Dictionary(XObject=Dictionary(X=document.make_indirect(form)))
    with pytest.raises(errors.ActiveContent):
        desk.ingest.signable(samples.saved(document))


def with_gbk_names(action: bytes = b"") -> bytes:
    """A sound PDF whose font is called 宋体 in GBK, as resource, as font and as structure element."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R" + action + b">>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<</Font<</#CB#CE#CC#E5 4 0 R>>>>>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/#CB#CE#CC#E5>>",
        b"<</Type/StructElem/S/#CB#CE#CC#E5>>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(
        out + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    )


def test_names_in_gbk_are_no_damage(desk: Desk) -> None:
    """Chinese programs write font names in GBK, which no UTF-8 reader takes: the file was called broken."""
    assert desk.process(with_gbk_names()).state == "ready"
    assert desk.ingest.signable(with_gbk_names()).findings == ()


def test_names_in_gbk_hide_no_active_content(desk: Desk) -> None:
    action = b"/OpenAction<</#CB#CE 1/S/JavaScript/JS(app.alert\\(1\\))>>"
    with pytest.raises(errors.ActiveContent):
        desk.ingest.signable(with_gbk_names(action))


def test_description_does_not_name_a_document_of_somebody_else(desk: Desk) -> None:
    desk.receive(samples.typeset(), who="finance")
    document = desk.process(samples.typeset(), who="staff")
    again = desk.process(samples.typeset(), who="staff")
    with desk.runtime.database.read() as session:
        first = desk.ingest.describe(session, document.id, translator("en"))
        second = desk.ingest.describe(session, again.id, translator("en"))
    assert (first["duplicate_of"], second["duplicate_of"]) == (None, str(document.id))


def test_picture_cache_stays_within_its_bytes_and_keeps_what_is_looked_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "MOST_PICTURE_BYTES", 4000)
    monkeypatch.setattr(looking, "_PRUNE_EVERY", 1)
    monkeypatch.setattr(desk.ingest._looking, "_drawn", 0)
    received = desk.receive(samples.saved(samples.plain(1)))
    cache = desk.runtime.settings.home / "cache" / "pictures"
    cache.mkdir(parents=True)
    for number in range(5):
        old = cache / f"{number}.png"
        old.write_bytes(b"x" * 1000)
        os.utime(old, (number, number))
    looked_at = desk.ingest.page_picture(received.digest, 1, 160)
    desk.ingest._looking._prune_pictures()
    assert sum(path.stat().st_size for path in cache.iterdir()) <= 4000
    assert len(looked_at) > 0 and not (cache / "0.png").exists()
    assert (cache / f"{received.digest}-1-160.png").exists()


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "media"), (b"<HtMl>", "html"), (b"<!DocType html>", "html"),
        (b"Rar!\x1a\x07", "archive"),
    ],
)  # fmt: skip
def test_more_known_types_are_named_and_hide_no_pdf(head: bytes, name: str) -> None:
    assert media.describe(head) == name
    assert media.recognise(head + b"  %PDF-1.7\n") is None
    for language in LANGUAGES:
        error = errors.TypeNotAccepted(found=name, accepted="PDF")
        other = errors.TypeNotAccepted(found="unknown", accepted="PDF")
        assert translator(language).error(error) != translator(language).error(other)


def test_long_document_keeps_the_text_of_every_page(desk: Desk) -> None:
    document = desk.process(samples.typeset(tuple(f"第{number}页" for number in range(1, 301))))
    with desk.runtime.database.read() as session:
        query = select(func.count()).where(PageText.document_id == document.id)
        assert session.scalar(query) == 300
