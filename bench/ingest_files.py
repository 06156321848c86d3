"""The files that ``bench.ingest`` takes in: made from seeds, each one another, of every carrier."""

from __future__ import annotations

import io
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pypdfium2
from PIL import Image

from tests.ingest import builders_containers, builders_photos, invoice_pdfs
from tests.ingest.invoice_forms import drawings
from tests.ingest.invoices.builder import InvoiceSpec, Kind
from tests.ingest.invoices.carriers import as_einvoice_xml
from tests.ingest.ofd import builder as ofd

KINDS: Final = (
    Kind.DIGITAL, Kind.DIGITAL_SPECIAL, Kind.ELECTRONIC, Kind.PAPER_SPECIAL, Kind.RAILWAY, Kind.AIR,
)  # fmt: skip


@dataclass(frozen=True)
class Carrier:
    """One case. ``make`` gives the file of a seed; ``count`` files are taken in, the first two to warm up."""

    name: str
    ending: str
    count: int
    quick_count: int
    make: Callable[[int], bytes]


def _spec(seed: int, kind: Kind | None = None) -> InvoiceSpec:
    return InvoiceSpec.random(seed, kind or KINDS[seed % len(KINDS)], lines=1 + seed % 4)


def text_pdf(seed: int) -> bytes:
    """An invoice as issuers send it: text with embedded fonts, a QR code, no data inside."""
    return invoice_pdfs.pdf(drawings(_spec(seed)), invoice_pdfs.Look())


def invoice_xml(seed: int) -> bytes:
    """The data of a 数电票."""
    return as_einvoice_xml(_spec(seed, Kind.DIGITAL))


def zip_of_xml(seed: int) -> bytes:
    """What the tax platform gives when several invoices are downloaded: three XML files."""
    return builders_containers.zipped({f"{one}.xml": invoice_xml(seed * 100 + one) for one in range(3)})


def e_mail(seed: int) -> bytes:
    """An issuer's mail with the invoice as PDF and as XML."""
    message = builders_containers.mail(f"您收到一张电子发票（{seed}）")
    spec = _spec(seed, Kind.DIGITAL)
    pdf = invoice_pdfs.pdf(drawings(spec), invoice_pdfs.Look())
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{spec.number}.pdf")
    message.add_attachment(
        as_einvoice_xml(spec), maintype="application", subtype="xml", filename=f"{spec.number}.xml"
    )
    return message.as_bytes()


def invoice_ofd(seed: int) -> bytes:
    """The OFD of an invoice, its fonts inside."""
    return ofd.vat_invoice_ofd(_spec(seed, Kind.DIGITAL if seed % 2 else Kind.ELECTRONIC))


def scanned_pdf(seed: int) -> bytes:
    """A sheet from an office scanner: a PDF of one picture at 200 dpi, somewhat noisy."""
    document = pypdfium2.PdfDocument(text_pdf(seed))
    picture = document[0].render(scale=200 / 72).to_pil().convert("RGB")
    document.close()
    noise = Image.effect_noise(picture.size, 20).convert("RGB")
    out = io.BytesIO()
    Image.blend(picture, noise, 0.08).save(out, "PDF", resolution=200, quality=75)
    return out.getvalue()


def docx(seed: int) -> bytes:
    """A contract of one page as Word writes it."""
    return builders_containers.docx(f"采购合同 第{seed}号")


def _carriers() -> tuple[Carrier, ...]:
    found = [
        Carrier("text PDF", ".pdf", 122, 42, text_pdf),
        Carrier("invoice XML", ".xml", 122, 14, invoice_xml),
        Carrier("OFD", ".ofd", 42, 6, invoice_ofd),
        Carrier("ZIP of XML", ".zip", 32, 5, zip_of_xml),
        Carrier("e-mail", ".eml", 32, 5, e_mail),
        Carrier("photo", ".jpg", 10, 3, builders_photos.photo),
        Carrier("scanned PDF", ".pdf", 10, 3, scanned_pdf),
    ]
    if shutil.which("soffice"):
        found.append(Carrier("DOCX", ".docx", 10, 3, docx))
    return tuple(found)


CARRIERS: Final = _carriers()


def large_pdf(size: int) -> bytes:
    """A sound PDF of one page and about ``size`` bytes, which no packer makes smaller."""
    piece, draw = 1024 * 1024, random.Random(size)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>"
        b"/PieceInfo<</Bench<</Private 4 0 R>>>>>>",
    ]
    sizes = [piece] * (size // piece) + ([size % piece] if size % piece else [])
    first = len(objects) + 2
    objects.append(b"[%s]" % b" ".join(b"%d 0 R" % (first + number) for number in range(len(sizes))))
    objects += [b"<</Length %d>>stream\n%s\nendstream" % (one, draw.randbytes(one)) for one in sizes]
    out, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
