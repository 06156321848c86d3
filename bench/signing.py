"""How long signatures take, beside stock pyHanko and beside the raw work.

One thread, one core. The rival is pyHanko as its manual has it (``PdfSigner`` with ``SimpleSigner`` and
an in-process time-stamper) on the same file, with the same keys, certificates and revocation lists, at
the same level. The raw work is what no maker can leave out: one hash over the file, the operations of
the keys, and writing the result. A growing file is measured against its own first signature.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

import pikepdf
from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bench import Figure, run
from bench.bare_signing import EllipticTimeStamper
from core.clock import SystemClock
from signing import pades, pki, seal_fields, seals
from signing.appearance import block_style, style
from signing.fields import FieldSpec, Placement, SignatureBlock
from signing.signed_data import PrivateKey
from signing.timestamp import InternalTimeStamper
from vermilion.demo_documents import Invoice, typeset
from workflow import sheet

STOCK: Final = "stock pyHanko"
RAW: Final = "the raw work"
_SIGNATURES: Final = 10
_SEAL: Final = seals.draw(
    seals.Face(seals.SealKind.CONTRACT, "云杉测试科技有限公司", 42.0, 42.0, code="3301060012345")
)
_LARGE: Final = 105_000_000
"""Above the size at which a maker is known to have written broken files (100,000,000 bytes)."""


@dataclass(frozen=True)
class Keys:
    """A small authority whose signer and time-stamp authority have keys of one kind."""

    root: asn1_x509.Certificate
    issuing: asn1_x509.Certificate
    signer: asn1_x509.Certificate
    signer_key: PrivateKey
    stamper: asn1_x509.Certificate
    stamper_key: PrivateKey
    crls: tuple[bytes, ...]


def make_keys(make: Callable[[], Any]) -> Keys:
    """A root, an issuing authority, and two leaves with keys that ``make`` makes."""
    now = datetime.now(UTC)
    root_key, issuing_key, signer_key, stamper_key = (make() for _ in range(4))
    root = pki.make_root(pki.Identity("Bench root", "Bench"), root_key, now)
    top = pki.Issuer(root, root_key, "http://127.0.0.1/root.crl", "http://127.0.0.1/root.crt")
    issuing = pki.make_issuing(pki.Identity("Bench issuing", "Bench"), issuing_key, top, now)
    issuer = pki.Issuer(issuing, issuing_key, "http://127.0.0.1/issuing.crl", "http://127.0.0.1/issuing.crt")
    signer = pki.make_signer(pki.Identity("Bench signer", "Bench"), signer_key, issuer, now)
    stamper = pki.make_tsa(pki.Identity("Bench time-stamps", "Bench"), stamper_key, issuer, now)
    lists = (
        pki.make_crl(root, root_key, 1, (), now),
        pki.make_crl(issuing, issuing_key, 1, (), now),
    )
    return Keys(
        _asn1(root), _asn1(issuing), _asn1(signer), signer_key, _asn1(stamper), stamper_key,
        tuple(one.public_bytes(Encoding.DER) for one in lists),
    )  # fmt: skip


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


class Ours:
    """The product's own signing of a file."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        chain = (keys.issuing,)
        self._key = pades.SigningKey(keys.signer, keys.signer_key, chain)
        self._stamper = InternalTimeStamper(keys.stamper, keys.stamper_key, SystemClock(), chain)

    def timestamped(self, pdf: bytes, name: str = "Bench") -> bytes:
        """B-T."""
        return pades.sign(
            pdf, name, self._key, self._stamper, reason="同意", name="王芳", new_field=FieldSpec(name)
        )

    def approved(self, pdf: bytes, field: str, shown: pades.Style | None = None) -> bytes:
        """B-T in a field that is there."""
        return pades.sign(pdf, field, self._key, self._stamper, reason="同意", name="王芳", style=shown)

    def certified(self, pdf: bytes) -> bytes:
        """The certification of a sheet."""
        return pades.sign(
            pdf, "Certified", self._key, self._stamper, reason="HT-2026-000123", name="Bench", certify=True,
            new_field=FieldSpec("Certified"),
        )  # fmt: skip

    def archived(self, pdf: bytes) -> bytes:
        """B-LTA."""
        return self.lasting(self.timestamped(pdf))

    def lasting(self, pdf: bytes) -> bytes:
        """The evidence for all signatures of a file."""
        return pades.add_evidence(pdf, self._stamper, self._certificates(), self._keys.crls)

    def in_place(self, path: Path, *, lasting: bool) -> None:
        """B-T or B-LTA, appended to a file."""
        pades.sign_file(
            path, "Bench", self._key, self._stamper, reason="同意", name="王芳", new_field=FieldSpec("Bench")
        )
        if lasting:
            self.archive(path)

    def archive(self, path: Path) -> None:
        """The evidence for all signatures of a file, appended to it."""
        pades.add_evidence_to_file(path, self._stamper, self._certificates(), self._keys.crls)

    def sealed(self, path: Path) -> None:
        """A seal on the first page, appended to a file."""
        seal_fields.apply(
            path, _SEAL, [Placement(1, 60.0, 90.0)], self._key, self._stamper, reason="HT-1", name="云杉",
            group="bench",
        )  # fmt: skip

    def _certificates(self) -> tuple[asn1_x509.Certificate, ...]:
        return (self._keys.root, self._keys.issuing, self._keys.stamper)


class Stock:
    """pyHanko as its manual has it."""

    def __init__(self, keys: Keys) -> None:
        store = SimpleCertificateStore()
        store.register(keys.issuing)
        self._keys = keys
        self._signer = signers.SimpleSigner(keys.signer, _private(keys.signer_key), store)
        kind = DummyTimeStamper if isinstance(keys.stamper_key, rsa.RSAPrivateKey) else EllipticTimeStamper
        self._stamper = kind(keys.stamper, _private(keys.stamper_key), store)

    def timestamped(self, pdf: bytes) -> bytes:
        """B-T."""
        return self._sign(pdf, {})

    def archived(self, pdf: bytes) -> bytes:
        """B-LTA."""
        context = ValidationContext(
            trust_roots=[self._keys.root],
            other_certs=[self._keys.issuing],
            crls=[asn1_crl.CertificateList.load(der) for der in self._keys.crls],
            revocation_mode="require",
        )
        return self._sign(
            pdf, {"embed_validation_info": True, "use_pades_lta": True, "validation_context": context}
        )

    def _sign(self, pdf: bytes, level: dict[str, Any]) -> bytes:
        metadata = signers.PdfSignatureMetadata(
            field_name="Bench",
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            reason="同意",
            name="王芳",
            **level,
        )
        signer = signers.PdfSigner(metadata, self._signer, timestamper=self._stamper)
        signed: io.BytesIO = signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)))
        return signed.getvalue()


def _private(key: PrivateKey) -> asn1_keys.PrivateKeyInfo:
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return asn1_keys.PrivateKeyInfo.load(der)


def raw_work(keys: Keys, pdf: bytes, stamps: int) -> None:
    """A signature and ``stamps`` tokens over a file, without any structure around them."""
    _operate(keys.signer_key, hashlib.sha256(pdf).digest())
    for _ in range(stamps):
        _operate(keys.stamper_key, bytes(32))
    if stamps > 1:  # the document's own time-stamp covers the file once more
        hashlib.sha256(pdf)


def _operate(key: PrivateKey, data: bytes) -> None:
    if isinstance(key, rsa.RSAPrivateKey):
        key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    else:
        key.sign(data, ec.ECDSA(hashes.SHA256()))


def milliseconds(work: Callable[[], object], times: int) -> float:
    """The median processor time of the work, after one run that is not counted."""
    work()
    taken = []
    for _ in range(times):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return statistics.median(taken) * 1000


def _written(make: Callable[[], bytes], folder: Path) -> Callable[[], None]:
    """The work with its result written to a file, as every maker's has to be."""
    target = folder / "signed.pdf"
    return lambda: void(target.write_bytes(make()))


def void(_result: object) -> None:
    """Forget what a call gives."""


def one_page(kind: str, make: Callable[[], Any], times: int, folder: Path) -> list[Figure]:
    """B-T and B-LTA of one page."""
    keys, pdf = make_keys(make), page()
    ours, stock = Ours(keys), Stock(keys)
    figures = []
    for level, our_way, their_way, stamps in (
        ("B-T", ours.timestamped, stock.timestamped, 1),
        ("B-LTA", ours.archived, stock.archived, 2),
    ):
        case = f"{level} {kind} 1 page"
        signed = our_way(pdf)

        def work(stamps: int = stamps, signed: bytes = signed) -> bytes:
            raw_work(keys, signed, stamps)
            return signed

        mine = milliseconds(_written(lambda way=our_way: way(pdf), folder), times)  # type: ignore[misc]
        theirs = milliseconds(_written(lambda way=their_way: way(pdf), folder), max(times // 5, 3))  # type: ignore[misc]
        figures.append(Figure("signing", case, mine, theirs, STOCK, "ms"))
        raw = milliseconds(_written(work, folder), times)
        figures.append(Figure("signing", f"{case}, beside the raw work", mine, raw, RAW, "ms"))
    return figures


def growing(times: int) -> Figure:
    """The tenth signature of a sheet, beside its first; the fields were placed with the sheet."""
    ours = Ours(make_keys(pki.new_key))
    names = [f"Bench{number}" for number in range(_SIGNATURES)]
    pdf = pades.add_fields(page(), [FieldSpec(name) for name in names])
    first = milliseconds(lambda: ours.approved(pdf, names[0]), times)
    for name in names[:-1]:
        pdf = ours.approved(pdf, name)
    tenth = milliseconds(lambda: ours.approved(pdf, names[-1]), times)
    return Figure("signing", "tenth signature of a file", tenth, first, "our first", "ms")


def large(folder: Path, times: int) -> list[Figure]:
    """A file of 105 MB signed where it lies, copy included, beside hashing and copying it."""
    keys = make_keys(pki.new_key)
    ours = Ours(keys)
    source, target = folder / "large.pdf", folder / "signed.pdf"
    write_large(source)

    def signed(*, lasting: bool) -> None:
        shutil.copyfile(source, target)
        ours.in_place(target, lasting=lasting)

    def hashed(hashes_over: int) -> None:
        for _ in range(hashes_over):
            with source.open("rb") as file:
                hashlib.file_digest(file, "sha256")
        shutil.copyfile(source, target)

    figures = []
    for level, passes in (("B-T", 1), ("B-LTA", 2)):
        mine = milliseconds(lambda level=level: signed(lasting=level == "B-LTA"), times)  # type: ignore[misc]
        raw = milliseconds(lambda passes=passes: hashed(passes), times)  # type: ignore[misc]
        figures.append(Figure("signing", f"{level} P-256 105 MB", mine, raw, "hashing and writing", "ms"))
    shutil.copyfile(source, target)
    extra = peak_megabytes(lambda: ours.in_place(target, lasting=True))
    size = source.stat().st_size / 1e6
    figures.append(Figure("signing", "B-LTA P-256 105 MB, memory", extra, size, "the file itself", "MB"))

    def sealed() -> None:
        shutil.copyfile(source, target)
        ours.sealed(target)

    mine, raw = milliseconds(sealed, times), milliseconds(lambda: hashed(1), times)
    figures.append(Figure("signing", "seal P-256 105 MB", mine, raw, "hashing and writing", "ms"))
    shutil.copyfile(source, target)
    extra = peak_megabytes(lambda: ours.sealed(target))
    return [*figures, Figure("signing", "seal P-256 105 MB, memory", extra, size, "the file itself", "MB")]


def write_large(path: Path) -> None:
    """A file of 105 MB: a page, and a scan that it does not show."""
    with pikepdf.open(io.BytesIO(page())) as pdf:
        pdf.Root.Scan = pdf.make_indirect(pdf.make_stream(os.urandom(_LARGE)))
        pdf.save(path, compress_streams=False)


def peak_megabytes(work: Callable[[], object]) -> float:
    """How much more memory the process holds at the worst moment of the work than before it (Linux)."""
    status = Path("/proc/self/status")

    def kilobytes(name: str) -> int:
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(name))

    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = kilobytes("VmRSS")
    work()
    return max((kilobytes("VmHWM") - before) * 1024 / 1e6, 0.1)


def whole_sheet(times: int) -> Figure:
    """A sheet's life: typeset, certified, approved ten times with what people see, sealed, made lasting.

    Beside it the bare PDF work: as many invisible signatures and the same evidence on a finished sheet.
    """
    ours = Ours(make_keys(pki.new_key))
    names = [f"Bench{number}" for number in range(_SIGNATURES + 1)]
    data = sheet.SheetData(
        entity="云杉测试科技有限公司", heading="合同审批表", serial_number="HT-2026-000123", round=1,
        applicant="王芳", position="采购专员", department="市场部", subject="办公设备采购合同",
        submitted_at=datetime(2026, 11, 26, 9, tzinfo=UTC), made_at=datetime(2026, 11, 26, 9, tzinfo=UTC),
        facts=(("对方单位", "蓝海贸易有限公司"),),
        documents=(sheet.ListedDocument("合同.pdf", "合同", 12, "0" * 64),),
        boxes=tuple(sheet.Box(name, f"第{number}步") for number, name in enumerate(names)),
        verify_url="http://127.0.0.1/verify/bench", is_demo=False,
    )  # fmt: skip
    block = SignatureBlock("王芳", "经理", "批准", "同意按此办理", datetime(2026, 11, 26, 9, tzinfo=UTC))

    def life() -> bytes:
        typeset_sheet = sheet.typeset(data)
        pdf = ours.certified(pades.add_fields(typeset_sheet.pdf, typeset_sheet.fields))
        for name in names[:-1]:
            pdf = ours.approved(pdf, name, partial(block_style, block))
        return ours.lasting(ours.approved(pdf, names[-1], style(_SEAL.operators, _SEAL.width, _SEAL.height)))

    bare_sheet = pades.add_fields(sheet.typeset(data).pdf, [FieldSpec(name) for name in names])

    def bare() -> bytes:
        pdf = ours.certified(bare_sheet)
        for name in names:
            pdf = ours.approved(pdf, name)
        return ours.lasting(pdf)

    mine, rival = milliseconds(life, times), milliseconds(bare, times)
    return Figure("signing", "sheet, ten approvals, seal, B-LTA", mine, rival, "the bare PDF work", "ms")


def page() -> bytes:
    """An invoice of one page, as the product typesets them."""
    lines = (("物流辅助服务*仓储咨询", 1, Decimal("943.40"), Decimal("56.60")),)
    return (
        typeset(Invoice("26312000000099990001", "2026-11-20", "仓储", "913100", "云杉", "913200", lines))
        + b"\n"
    )


def measure(*, quick: bool) -> list[Figure]:
    """The figures of this run. ``quick`` repeats less often and leaves the longest keys out."""
    kinds: list[tuple[str, Callable[[], Any]]] = [
        ("P-256", pki.new_key),
        ("RSA-2048", lambda: rsa.generate_private_key(65537, 2048)),
    ]
    if not quick:
        kinds.append(("RSA-3072", lambda: rsa.generate_private_key(65537, 3072)))
    times = 40 if quick else 200
    with tempfile.TemporaryDirectory() as folder:
        figures = [one for kind, make in kinds for one in one_page(kind, make, times, Path(folder))]
        figures.append(growing(times))
        figures.append(whole_sheet(5 if quick else 20))
        figures += large(Path(folder), 3 if quick else 10)
    return figures


def main() -> None:
    """``python -m bench.signing [--quick] [--json]``"""
    logging.disable()  # the rival says at each signature that it will fetch nothing
    run(measure, __doc__)


if __name__ == "__main__":
    main()
