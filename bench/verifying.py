"""How long it takes to open and verify a sheet with many signatures, beside pyHanko's own validator.

One thread, one core, processor time. The rival opens the file once and calls ``validate_pdf_signature``
for each signature, differences between revisions included, with the same roots, revocation lists and
moment; what both say of each signature is compared before anything is measured.
"""

from __future__ import annotations

import io
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from asn1crypto import crl as asn1_crl
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from bench import Figure, run
from bench.signing import Keys, Ours, make_keys, page, peak_megabytes, write_large
from core.clock import SystemClock
from signing import pades, pki
from signing.fields import FieldSpec
from signing.source import Source
from signing.timestamp import InternalTimeStamper
from signing.verification import Outcome, verify_pdf

STOCK: Final = "pyHanko's validator for each"
_COLUMNS: Final = 10


def sheet(keys: Keys, count: int) -> bytes:
    """A sheet with so many signatures (B-T), each in a field of its own that is seen."""
    stamper = InternalTimeStamper(keys.stamper, keys.stamper_key, SystemClock(), (keys.issuing,))
    key = pades.SigningKey(keys.signer, keys.signer_key, (keys.issuing,))
    fields = [FieldSpec(f"Step{number}", 0, _box(number)) for number in range(count)]
    pdf = pades.add_fields(page(), fields)
    for field in fields:
        pdf = pades.sign(pdf, field.name, key, stamper, reason="同意", name="王芳")
    return pdf


def _box(number: int) -> tuple[float, float, float, float]:
    left, bottom = 30 + 52 * (number % _COLUMNS), 30 + 22 * (number // _COLUMNS)
    return (left, bottom, left + 48, bottom + 18)


def ours(keys: Keys, pdf: bytes) -> list[bool]:
    """Whether each signature is good, by the product; the file's own verdict has to agree."""
    verdict = verify_pdf(pdf, [keys.root.dump()], datetime.now(UTC))
    good = [one.intact is True and one.trusted is True for one in verdict.facts.signatures]
    if (verdict.outcome is Outcome.VALID) != all(good):
        raise SystemExit(f"not as expected: {verdict.outcome}")
    return good


def stock(keys: Keys, pdf: bytes) -> list[bool]:
    """Whether each signature is good, by pyHanko."""
    return stock_of(keys, PdfFileReader(io.BytesIO(pdf)))


def stock_of(keys: Keys, reader: PdfFileReader) -> list[bool]:
    """The same of an open file."""
    context = ValidationContext(
        trust_roots=[keys.root],
        other_certs=[keys.issuing],
        crls=[asn1_crl.CertificateList.load(der) for der in keys.crls],
    )
    found = []
    for signature in reader.embedded_regular_signatures:
        found.append(bool(validate_pdf_signature(signature, context, context).bottom_line))
    return found


def milliseconds(work: Callable[[], object], times: int) -> float:
    """The median processor time of the work."""
    taken = []
    for _ in range(times):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return statistics.median(taken) * 1000


def large(keys: Keys, folder: Path, times: int) -> list[Figure]:
    """A file of 105 MB with three signatures, judged where it lies."""
    path = folder / "large.pdf"
    write_large(path)
    makers = Ours(keys)
    makers.in_place(path, lasting=False)
    makers.sealed(path)
    makers.archive(path)

    def mine() -> None:
        with Source.opened(path) as source:
            verdict = verify_pdf(source, [keys.root.dump()], datetime.now(UTC))
        if verdict.outcome is not Outcome.VALID:
            raise SystemExit(f"not as expected: {verdict.outcome}")

    def theirs() -> None:
        with path.open("rb") as file:
            stock_of(keys, PdfFileReader(file))

    size, often = path.stat().st_size / 1e6, 1 if times < 5 else 3
    extra = peak_megabytes(mine)
    our_time, their_time = milliseconds(mine, times), milliseconds(theirs, often)
    return [
        Figure("verifying", "105 MB", our_time, their_time, STOCK, "ms"),
        Figure("verifying", "105 MB, memory", extra, size, "the file itself", "MB"),
    ]


def measure(*, quick: bool) -> list[Figure]:
    """The figures of this run."""
    keys = make_keys(pki.new_key)
    figures, each = [], {}
    for count in (12, 60):
        pdf = sheet(keys, count)
        mine, theirs = ours(keys, pdf), stock(keys, pdf)
        if mine != theirs or len(mine) != count:
            raise SystemExit(f"{count} signatures: the verdicts differ")
        our_time = milliseconds(lambda pdf=pdf: ours(keys, pdf), 5 if quick else 15)  # type: ignore[misc]
        often = 1 if count > 12 else 3
        their_time = milliseconds(lambda pdf=pdf: stock(keys, pdf), often)  # type: ignore[misc]
        each[count] = our_time / count
        figures.append(Figure("verifying", f"{count} signatures", our_time, their_time, STOCK, "ms"))
    figures.append(
        Figure("verifying", "each of 60, beside each of 12", each[60], each[12], "our own of 12", "ms")
    )
    with tempfile.TemporaryDirectory() as folder:
        figures += large(keys, Path(folder), 3 if quick else 10)
    return figures


def main() -> None:
    """``python -m bench.verifying [--quick] [--json]``"""
    logging.disable()  # the rival says of every file what it will not fetch
    run(measure, __doc__)


if __name__ == "__main__":
    main()
