"""Sound files of every kind, small, to be damaged by ``mutating``."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from email import policy
from functools import cache
from typing import Final

import pikepdf
from PIL import Image
from pillow_heif import register_heif_opener

from tests.ingest import builders_containers, builders_pdf, invoice_pdfs, samples
from tests.ingest.invoice_forms import drawings
from tests.ingest.invoices import carriers
from tests.ingest.invoices.builder import InvoiceSpec, Kind
from tests.ingest.ofd import builder as ofd


def _unpacked(data: bytes) -> bytes:
    """A PDF with its objects and streams to be read, so that damage reaches what they say."""
    with pikepdf.open(io.BytesIO(data)) as document:
        out = io.BytesIO()
        document.save(
            out,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
            compress_streams=False,
            qdf=True,
        )
    return out.getvalue()


def _spec(seed: int, kind: Kind) -> InvoiceSpec:
    return InvoiceSpec.random(seed, kind, lines=2)


def _invoice(kind: Kind, attachments: Sequence[tuple[str, bytes]] = (), **look: object) -> bytes:
    return invoice_pdfs.pdf(drawings(_spec(7, kind)), invoice_pdfs.Look(**look), attachments)  # type: ignore[arg-type]


def _scan() -> bytes:
    """A PDF whose only content is a picture."""
    out = io.BytesIO()
    Image.open(io.BytesIO(samples.picture())).convert("RGB").save(out, "PDF")
    return out.getvalue()


def _pdfs() -> list[bytes]:
    spec = _spec(9, Kind.DIGITAL)
    whole = [
        samples.typeset(),
        _invoice(Kind.DIGITAL),
        _invoice(Kind.ELECTRONIC, by_hand=True),
        _invoice(Kind.RAILWAY, by_hand=True, in_form=True),
        _invoice(Kind.FOREIGN),
        _invoice(Kind.DIGITAL, [("invoice.xml", carriers.as_einvoice_xml(spec))], by_hand=True),
        samples.with_active("signed"),
        samples.with_active("embedded-files"),
        builders_pdf.form(),
        builders_pdf.annotated(),
        builders_pdf.layered(),
        builders_pdf.coloured(),
        builders_pdf.embedded_truetype(),
        _scan(),
        samples.broken_xref(),
    ]
    return whole + [_unpacked(one) for one in whole[:-1]]


def _ofds() -> list[bytes]:
    kinds = (Kind.DIGITAL, Kind.ELECTRONIC, Kind.RAILWAY, Kind.AIR)
    return [ofd.vat_invoice_ofd(_spec(11, kind)) for kind in kinds] + [
        ofd.vat_invoice_ofd(_spec(12, Kind.DIGITAL), embedded=True),
        ofd.contract(1).bytes(),
    ]


def _xmls() -> list[bytes]:
    return [
        carriers.as_einvoice_xml(_spec(1, Kind.DIGITAL)),
        carriers.as_einvoice_xml(_spec(2, Kind.DIGITAL_SPECIAL)),
        carriers.as_vat_xml(_spec(3, Kind.ELECTRONIC)),
        carriers.as_vat_xml(_spec(4, Kind.PAPER), "gbk"),
        carriers.as_xbrl(_spec(5, Kind.RAILWAY)),
        carriers.as_xbrl(_spec(6, Kind.AIR)),
        carriers.as_cii(_spec(7, Kind.FOREIGN)),
        carriers.as_ubl(_spec(8, Kind.FOREIGN)),
    ]


def _zips() -> list[bytes]:
    files = {"发票.xml": _xmls()[0], "a/b.pdf": samples.typeset(), "c.png": samples.picture()}
    inside = builders_containers.zipped(files)
    return [
        inside,
        builders_containers.zipped({"inner.zip": inside, "d.docx": builders_containers.docx()}),
        builders_containers.docx(),
        builders_containers.xlsx(),
        builders_containers.pptx(),
    ]


def _mails() -> list[bytes]:
    plain = builders_containers.mail()
    rich = builders_containers.mail(
        html="<p>您好 <b>附件</b><img src='cid:x'><a href='http://127.0.0.1/'>x</a></p>"
    )
    rich.add_attachment(_xmls()[0], maintype="application", subtype="xml", filename="发票.xml")
    rich.add_attachment(samples.typeset(), maintype="application", subtype="pdf", filename="a.pdf")
    forwarded = builders_containers.mail("Fw: 发票")
    forwarded.add_attachment(plain)
    return [one.as_bytes(policy=policy.SMTP if crlf else policy.default) for one, crlf in
            ((plain, False), (rich, True), (forwarded, False))]  # fmt: skip


def _pictures() -> list[bytes]:
    register_heif_opener()
    size = (160, 100)
    forms: list[tuple[str, dict[str, object]]] = [
        ("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "jpeg"}), ("HEIF", {}),
    ]  # fmt: skip
    found = [samples.picture(size, form=form, **options) for form, options in forms]
    modes = (("P", "PNG"), ("LA", "PNG"), ("I;16", "PNG"), ("1", "TIFF"), ("CMYK", "JPEG"), ("CMYK", "TIFF"))
    found += [samples.picture(size, mode=mode, form=form) for mode, form in modes]
    found.append(samples.picture(size, mode="1", form="TIFF", compression="group4"))
    pages = [Image.new("RGB", size, colour) for colour in ("red", "white", "blue")]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    return [*found, samples.turned_jpeg(6), out.getvalue()]


_SAMPLES: Final[dict[str, Callable[[], list[bytes]]]] = {
    "pdf": _pdfs, "ofd": _ofds, "xml": _xmls, "zip": _zips, "mail": _mails, "picture": _pictures,
}  # fmt: skip
FAMILIES: Final = tuple(_SAMPLES)


@cache
def whole(family: str) -> tuple[bytes, ...]:
    """The sound files of a family."""
    return tuple(_SAMPLES[family]())
