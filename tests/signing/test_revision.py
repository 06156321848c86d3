"""Revisions as appended bytes: in memory and on the disk, with both kinds of references."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pyhanko.pdf_utils import generic

from signing import pades
from signing.errors import SigningRefused
from signing.fields import FieldSpec
from signing.revision import encoded
from signing.verification import Outcome, verify_pdf
from tests import independent
from tests.office import contract_pdf
from tests.signing.conftest import Desk


def stored(pdf: bytes, **options: Any) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(out, **options)
    return out.getvalue()


TABLE = {"object_stream_mode": pikepdf.ObjectStreamMode.disable}
STREAM = {"object_stream_mode": pikepdf.ObjectStreamMode.generate}


@pytest.mark.parametrize(
    "options", [TABLE, STREAM, {**STREAM, "linearize": True}], ids=["table", "stream", "web"]
)
@pytest.mark.parametrize("end", [b"", b"\n"], ids=["no line end", "line end"])
def test_signatures_in_memory_and_on_the_disk_hold_in_every_kind_of_file(
    shared_desk: Desk, tmp_path: Path, options: dict[str, Any], end: bytes
) -> None:
    pdf = stored(contract_pdf(), **options).rstrip() + end
    path = tmp_path / "contract.pdf"
    path.write_bytes(pdf)
    fields = [FieldSpec("A"), FieldSpec("B", 0, (60, 60, 200, 120))]
    shared_desk.signing.add_fields_to_file(path, fields)
    signatory = shared_desk.signatory()
    in_memory = shared_desk.signing.add_fields(pdf, fields)
    for name in ("A", "B"):
        in_memory = shared_desk.signing.sign(in_memory, name, signatory, reason="批准")
        shared_desk.signing.sign_file(path, name, signatory, reason="批准")
    in_memory = shared_desk.signing.add_evidence(in_memory)
    shared_desk.signing.add_evidence_to_file(path)
    for made in (in_memory, path.read_bytes()):
        assert made.startswith(pdf)
        verdict = verify_pdf(made, shared_desk.roots(), shared_desk.now())
        assert (verdict.outcome, verdict.archived) == (Outcome.VALID, True)
        (tmp_path / "judged.pdf").write_bytes(made)
        assert independent.pdfsig(tmp_path / "judged.pdf") == ["Signature is Valid."] * 2
        with pikepdf.open(io.BytesIO(made)) as opened:
            assert opened.get_warnings() == []


def test_a_file_of_more_than_a_hundred_million_bytes_is_signed_where_it_lies(
    shared_desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "large.pdf"
    with pikepdf.open(io.BytesIO(contract_pdf())) as pdf:
        pdf.Root.Scan = pdf.make_indirect(pdf.make_stream(os.urandom(101_000_000)))
        pdf.save(path, compress_streams=False)
    shared_desk.signing.add_fields_to_file(path, [FieldSpec("A")])
    shared_desk.signing.sign_file(path, "A", shared_desk.signatory(), reason="批准")
    shared_desk.signing.add_evidence_to_file(path)
    assert independent.pdfsig(path) == ["Signature is Valid."]
    data = path.read_bytes()
    verdict = verify_pdf(data, shared_desk.roots(), shared_desk.now())
    assert (verdict.outcome, verdict.archived) == (Outcome.VALID, True)
    assert all(independent.openssl_accepts(one, shared_desk.roots()[0], tmp_path)
               for one in independent.signatures(data) if not one.is_timestamp)  # fmt: skip


def test_a_file_that_cannot_be_signed_stays_as_it_was(shared_desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "contract.pdf"
    path.write_bytes(contract_pdf())
    before = path.read_bytes()
    with pytest.raises(SigningRefused) as refused:
        shared_desk.signing.sign_file(path, "Nowhere", shared_desk.signatory(), reason="批准")
    assert refused.value.context["reason"] == "no-such-field"
    assert path.read_bytes() == before


def test_why_a_file_is_not_signed_is_named(shared_desk: Desk) -> None:
    signing, signatory = shared_desk.signing, shared_desk.signatory()
    fields = [FieldSpec("A"), FieldSpec("B")]
    certified = signing.certify(signing.add_fields(contract_pdf(), fields), "审批")
    signed = signing.sign(certified, "A", signatory, reason="批准")
    closed = certified.replace(b"/P 2", b"/P 1")
    encrypted = stored(contract_pdf(), encryption=pikepdf.Encryption(owner="a", user=""))
    demanding = io.BytesIO()
    with pikepdf.open(io.BytesIO(signing.add_fields(contract_pdf(), fields))) as pdf:
        pdf.Root.AcroForm.Fields[0].SV = pikepdf.Dictionary(Type=pikepdf.Name.SV)
        pdf.save(demanding)
    for pdf_bytes, reason in (
        (signed, "field-signed"),
        (closed, "certified-against-change"),
        (encrypted, "encrypted"),
        (demanding.getvalue(), "field-demands"),
    ):
        with pytest.raises(SigningRefused) as refused:
            signing.sign(pdf_bytes, "A", signatory, reason="批准")
        assert refused.value.context["reason"] == reason
    for pdf_bytes, reason in (
        (certified, "certified-already"),
        (_approved(shared_desk, fields), "signed-already"),
    ):
        with pytest.raises(SigningRefused) as refused:
            signing.certify(pdf_bytes, "审批")
        assert refused.value.context["reason"] == reason
    with pytest.raises(SigningRefused) as refused:
        signing.add_fields(certified, fields)
    assert refused.value.context["reason"] == "field-there"


def _approved(desk: Desk, fields: list[FieldSpec]) -> bytes:
    return desk.signing.sign(
        desk.signing.add_fields(contract_pdf(), fields), "A", desk.signatory(), reason="批准"
    )


def test_a_signature_locks_the_fields_that_its_own_names(shared_desk: Desk) -> None:
    fields = [FieldSpec("A", locks=("Straddle_1", "Straddle_2")), FieldSpec("B")]
    pdf = shared_desk.signing.add_fields(contract_pdf(), fields)
    signed = shared_desk.signing.sign(pdf, "A", shared_desk.signatory(), reason="批准")
    with pikepdf.open(io.BytesIO(signed)) as opened:
        transform = opened.Root.AcroForm.Fields[0].V.Reference[0]
        assert transform.TransformMethod == "/FieldMDP"
        assert transform.TransformParams.Action == "/Include"
        assert [str(name) for name in transform.TransformParams.Fields] == ["Straddle_1", "Straddle_2"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (generic.pdf_string("plain (text) \\ here"), b"(plain \\(text\\) \\\\ here)"),
        (generic.pdf_string("朱印"), b"<feff67315370>"),
        (generic.NameObject("/A B#"), b"/A#20B#23"),
        (generic.ArrayObject([generic.NumberObject(1), generic.FloatObject("2.5")]), b"[1 2.5]"),
        (generic.BooleanObject(True), b"true"),
        (generic.NullObject(), b"null"),
    ],
    ids=["text", "Chinese", "name", "array", "boolean", "null"],
)
def test_objects_are_written_as_the_standard_has_them(value: generic.PdfObject, written: bytes) -> None:
    assert encoded(value) == written


def test_a_field_has_a_name_without_periods(shared_desk: Desk) -> None:
    with pytest.raises(SigningRefused):
        pades.add_fields(contract_pdf(), [FieldSpec("a.b")])
