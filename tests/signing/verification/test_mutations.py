"""Mutated signed files: no crash, an answer in time, and none valid whose pages look other than they did.

``FUZZ_INPUTS`` (set by ``make fuzz``) makes the row longer: twenty files for each of its inputs.
"""

from __future__ import annotations

import io
import logging
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from signing.fields import FieldSpec
from signing.verification import verify_pdf
from signing.verification.facts import Outcome
from tests.signing.conftest import Desk
from tests.signing.verification.attacks import appended, packed

ROUNDS = 8
MUTATIONS = int(os.environ.get("FUZZ_INPUTS", "100")) * 20 // ROUNDS
MOST_SECONDS = 10.0
REPORTED_EVERY = 500
"""A round of the ordinary tests is shorter and says nothing."""
EVIL = b"q 0 0 1 rg 0 0 300 300 re f Q"
WORDS = (
    b"/ByteRange", b"/Contents", b"/Type", b"/Sig", b"/V", b"/AP", b"/N", b"/Kids", b"/Annots", b"/Fields",
    b"/Root", b"/Prev", b"/Size", b"/Length", b"/Filter", b"obj", b"endobj", b"stream", b"xref", b"trailer",
    b"startxref", b"%%EOF", b"<<", b">>", b"[", b"]", b"(", b")", b"null", b"0 R", b"/Parent", b"/DSS",
)  # fmt: skip


@pytest.fixture(autouse=True)
def unlogged() -> Iterator[None]:
    """Records that are kept for a report keep the files that they speak of in memory: thousands here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def small_pdf() -> bytes:
    """One page with a line, and nothing else: small, so that many can be tried."""
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(300, 300))
        page.Contents = pdf.make_stream(b"1 0 0 RG 4 w 20 20 m 280 280 l S 40 200 80 30 re f")
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue() + b"\n"


def page_number(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return int(opened.pages[0].objgen[0])


@pytest.fixture(scope="module")
def seeds(shared_desk: Desk) -> list[bytes]:
    """Signed once and twice, certified, archived, in order for the web, and packed."""
    signing, made = shared_desk.signing, []
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(small_pdf())) as opened:
        opened.save(out, linearize=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    for base in (small_pdf(), out.getvalue() + b"\n"):
        fields = [FieldSpec("F0", 0, (20, 20, 120, 60)), FieldSpec("F1", 0, (150, 20, 250, 60))]
        prepared = signing.add_fields(base, fields)
        once = signing.sign(prepared, "F0", shared_desk.signatory("head"), reason="批准")
        twice = signing.sign(once, "F1", shared_desk.signatory("gm"), reason="批准")
        certified = signing.sign(
            signing.certify(prepared, "表单"), "F0", shared_desk.signatory("head"), reason="批准"
        )
        made += [once, twice, certified, signing.add_evidence(twice)]
    return made


Mutation = Callable[[random.Random, bytes], bytes]


def _flip(chance: random.Random, pdf: bytes) -> bytes:
    altered = bytearray(pdf)
    for _ in range(chance.randint(1, 4)):
        altered[chance.randrange(len(altered))] ^= 1 << chance.randrange(8)
    return bytes(altered)


def _cut(chance: random.Random, pdf: bytes) -> bytes:
    start = chance.randrange(len(pdf))
    return pdf[:start] + pdf[start + chance.randint(1, 400) :]


def _end(chance: random.Random, pdf: bytes) -> bytes:
    return pdf[: chance.randrange(len(pdf))]


def _double(chance: random.Random, pdf: bytes) -> bytes:
    start = chance.randrange(len(pdf))
    piece = pdf[start : start + chance.randint(1, 3000)]
    place = chance.choice([start, len(pdf), chance.randrange(len(pdf))])
    return pdf[:place] + piece + pdf[place:]


def _word(chance: random.Random, pdf: bytes) -> bytes:
    found = list(re.finditer(re.escape(chance.choice(WORDS)), pdf))
    if not found:
        return _flip(chance, pdf)
    one = chance.choice(found)
    return pdf[: one.start()] + chance.choice(WORDS) + pdf[one.end() :]


def _number(chance: random.Random, pdf: bytes) -> bytes:
    one = chance.choice(list(re.finditer(rb"(?<=[ \[/\n])\d{1,9}(?=[ \]/\n>])", pdf)))
    value = int(one[0])
    new = chance.choice(
        [0, 1, value + 1, max(value - 1, 0), value * 10, -1, 2**31, chance.randrange(100_000)]
    )
    return pdf[: one.start()] + str(new).encode().rjust(len(one[0]), b"0") + pdf[one.end() :]


def _value(chance: random.Random, pdf: bytes) -> bytes:
    """In a signature's own value, which no byte range covers."""
    one = chance.choice(list(re.finditer(rb"<[0-9a-fA-F]{200,}>", pdf)))
    altered, place = bytearray(pdf), chance.randrange(one.start(), one.end())
    altered[place] = chance.choice(b"0123456789abcdefABCDEF<> \n")
    return bytes(altered)


def _behind(chance: random.Random, pdf: bytes) -> bytes:
    """In the last revision alone."""
    start = pdf.rfind(b"%%EOF", 0, len(pdf) - 10)
    tail = chance.choice([_flip, _cut, _double, _word])(chance, pdf[start:])
    return pdf[:start] + tail


def _overwrite(chance: random.Random, pdf: bytes) -> bytes:
    """One more revision, of an object that the file has, as it was, a little other, or something else."""
    bodies = list(re.finditer(rb"(?:^|\n)(\d+) 0 obj\s*(.*?)\s*endobj", pdf, re.DOTALL))
    objects = {}
    for _ in range(chance.randint(1, 3)):
        one, other = chance.choice(bodies), chance.choice(bodies)
        body = chance.choice([one[2], other[2], _flip(chance, one[2]), b"null", b"<<>>", b"[]"])
        if chance.random() < 0.3:
            body = b"<</Length %d>>\nstream\n%s\nendstream" % (len(EVIL), EVIL)
        objects[int(one[1])] = body
    write = chance.choice([appended, packed])
    if write is packed:
        objects = {number: body for number, body in objects.items() if b"stream" not in body} or {
            900: b"null"
        }
    return write(pdf, objects)


def _page_key(chance: random.Random, pdf: bytes) -> bytes:
    number = page_number(pdf)
    found = re.findall(rb"(?:^|\n)%d 0 obj\s*(<<.*?>>)\s*endobj" % number, pdf, re.DOTALL)
    if not found:
        return _overwrite(chance, pdf)
    more = chance.choice(
        [
            b"/Rotate 90",
            b"/Contents 950 0 R",
            b"/Annots [951 0 R]",
            b"/MediaBox [0 0 10 10]",
            b"/UserUnit 2",
            b"",
        ]
    )
    square = b"<</Type/Annot/Subtype/Square/Rect[0 0 200 200]/IC[1 0 0]/F 4/AP<</N 952 0 R>>>>"
    form = b"<</Type/XObject/Subtype/Form/BBox[0 0 300 300]/Length %d>>\nstream\n%s\nendstream" % (
        len(EVIL),
        EVIL,
    )
    spare = {951: square, 952: form, 950: b"<</Length %d>>\nstream\n%s\nendstream" % (len(EVIL), EVIL)}
    return appended(pdf, {number: found[-1][:-2] + more + b">>", **spare})


MUTATORS: list[Mutation] = [
    _flip, _flip, _cut, _end, _double, _word, _word, _number, _number, _value, _behind, _behind, _overwrite,
    _overwrite, _page_key,
]  # fmt: skip


def picture(pdf: bytes) -> list[bytes]:
    """The pages as pdfium draws them, form fields and annotations included."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        document.init_forms()
        return [bytes(page.render(scale=0.5).to_numpy().tobytes()) for page in document]
    finally:
        document.close()


def mutated_from(chance: random.Random, pdf: bytes) -> bytes:
    """The file after one to three mutations."""
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        try:
            pdf = chance.choice(MUTATORS)(chance, pdf) or b"%PDF-"
        except (IndexError, ValueError, pikepdf.PdfError):
            break  # the mutation found nothing to work on
    return pdf


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_mutated_files_are_answered_in_time_and_never_valid_when_they_look_other(
    shared_desk: Desk,
    seeds: list[bytes],
    round_: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chance, roots, now = random.Random(f"{MUTATIONS}-{round_}"), shared_desk.roots(), datetime.now(UTC)
    looks: dict[int, list[bytes]] = {}
    answers: dict[str, int] = {}
    found: list[str] = []
    for number in range(MUTATIONS):
        index = chance.randrange(len(seeds))
        mutated = mutated_from(chance, seeds[index])
        begun, wrong = time.thread_time(), ""
        verdict = verify_pdf(mutated, roots, now)
        if time.thread_time() - begun > MOST_SECONDS:
            wrong = "slow"
        answers[verdict.outcome.value] = answers.get(verdict.outcome.value, 0) + 1
        if verdict.outcome is Outcome.VALID and mutated != seeds[index]:
            looks.setdefault(index, picture(seeds[index]))
            if picture(mutated) != looks[index]:
                wrong = "looks other"
        if wrong:  # a long run goes on: what it found lies beside its seed
            (tmp_path / f"{number}.pdf").write_bytes(mutated)
            (tmp_path / f"{number}.seed.pdf").write_bytes(seeds[index])
            found.append(f"{wrong}: {tmp_path}/{number}.pdf")
        if number % REPORTED_EVERY == REPORTED_EVERY - 1:
            with capsys.disabled():
                print(f"round {round_}: {number + 1} of {MUTATIONS}, {answers}, found {found}", flush=True)
    assert not found
    assert answers.get("invalid", 0) > MUTATIONS // 10 and answers.get("indeterminate", 0) > 0, answers
    assert answers.get("valid", 0) < MUTATIONS // 3, answers


def test_the_seeds_of_the_mutations_are_valid(shared_desk: Desk, seeds: list[bytes]) -> None:
    for pdf in seeds:
        assert verify_pdf(pdf, shared_desk.roots(), datetime.now(UTC)).outcome is Outcome.VALID
        assert picture(pdf)
