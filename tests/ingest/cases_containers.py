"""The corpus's containers: ZIPs and mails, each member of which is a document of its own."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

from tests.ingest import builders_containers as builders
from tests.ingest import invoice_forms, invoice_pdfs
from tests.ingest.cases_xml import carried
from tests.ingest.corpus import Case
from tests.ingest.invoice_pdfs import Look
from tests.ingest.invoices.builder import InvoiceSpec, Kind, as_einvoice_xml, as_xbrl
from tests.ingest.ofd.builder import vat_invoice_ofd


def cases() -> Iterator[Case]:
    """Of the members some are containers again; names are in GBK, in UTF-8, and encoded for mails."""
    xml = [_xml(seed) for seed in range(1400, 1404)]
    yield Case("of-xml.zip", builders.zipped({one.name: one.data for one in xml[:2]}), members=tuple(xml[:2]))
    folders = _in_folders((_pdf(1410, "三月/差旅/发票（一）.pdf"), _xml(1411, "三月/发票.xml"),
                           _ofd(1412, "三月/重庆出差/客票.ofd")))  # fmt: skip
    yield folders
    inner = Case("内层.zip", _gbk_zip((xml[2],)), members=(xml[2],))
    yield Case("of-zip.zip", _gbk_zip((inner, xml[3])), members=(inner, xml[3]))
    yield _mail_of_issuer()
    yield _mail_with_mail(folders)


def _xml(seed: int, name: str = "") -> Case:
    spec = InvoiceSpec.random(seed, Kind.DIGITAL, lines=1 + seed % 3)
    return Case(name or f"dzfp_{spec.number}.xml", as_einvoice_xml(spec), carried(spec, "einvoice"))


def _pdf(seed: int, name: str) -> Case:
    spec = InvoiceSpec.random(seed, Kind.DIGITAL_SPECIAL, lines=2, red=False)
    expected = {name: value for name, value in spec.expected().items() if name not in ("is_red", "lines")}
    return Case(name, invoice_pdfs.pdf(invoice_forms.drawings(spec), Look()), expected)


def _ofd(seed: int, name: str) -> Case:
    spec = InvoiceSpec.random(seed, Kind.RAILWAY)
    return Case(name, vat_invoice_ofd(spec, embedded=False), carried(spec, "railway"))


def _in_folders(members: tuple[Case, ...]) -> Case:
    return Case("folders-gbk.zip", _gbk_zip(members, with_folders=True), members=members)


def _gbk_zip(members: tuple[Case, ...], with_folders: bool = False) -> bytes:
    """As Windows in China packs it: names in GBK without a flag, entries for folders, a desktop.ini."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if with_folders:
            for folder in sorted({one.name.rpartition("/")[0] + "/" for one in members}):
                archive.writestr(_info(folder), b"")
            archive.writestr(_info("三月/desktop.ini"), b"[.ShellClassInfo]")
        for one in members:
            archive.writestr(_info(one.name), one.data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


class _Gbk(zipfile.ZipInfo):
    """An entry whose name is written as GBK, without the flag for UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def _info(name: str) -> zipfile.ZipInfo:
    return _Gbk(name, (2026, 3, 2, 10, 0, 0))


def _mail_of_issuer() -> Case:
    """An issuer's mail: the invoice three times, a logo in the text, and words that name it."""
    spec = InvoiceSpec.random(1420, Kind.DIGITAL, lines=2, red=False)
    pdf = _pdf(1421, f"{spec.number}.pdf")
    xml = Case(f"{spec.number}.xml", as_einvoice_xml(spec), carried(spec, "einvoice"))
    ticket = InvoiceSpec.random(1422, Kind.RAILWAY)
    data = Case("铁路电子客票.xml", as_xbrl(ticket), carried(ticket, "railway"))
    message = builders.mail("您收到一张电子发票", "发票请见附件。", "<p>发票请见<b>附件</b>。</p>")
    for one, subtype in ((pdf, "pdf"), (xml, "xml"), (data, "octet-stream")):
        message.add_attachment(one.data, maintype="application", subtype=subtype, filename=one.name)
    words = (("您收到一张电子发票", "发票请见附件"),)
    return Case("of-issuer.eml", message.as_bytes(), members=(pdf, xml, data), texts=words)


def _mail_with_mail(packed: Case) -> Case:
    """A mail that was sent on as an attachment, and a ZIP, with names in the ways of older programs."""
    inner_xml = _xml(1430)
    inner = builders.mail("转发的发票", "原件在内。")
    inner.add_attachment(inner_xml.data, maintype="text", subtype="xml", filename=inner_xml.name)
    message = builders.mail("三月报销", "两件。")
    message.add_attachment(packed.data, maintype="application", subtype="zip", filename="x.zip")
    _rename(message, "x.zip", "=?GB2312?B?yP3Uwi56aXA=?=")
    message.add_attachment(inner)
    sent_on = Case("转发的发票.eml", _as_attached(message), members=(inner_xml,))
    return Case("with-mail.eml", message.as_bytes(), members=(replace(packed, name="三月.zip"), sent_on))


def _rename(message: EmailMessage, name: str, raw: str) -> None:
    """Write an attachment's name as an encoded word, which the standard forbids and many do."""
    for part in message.iter_attachments():
        if part.get_filename() == name:
            part.replace_header("Content-Disposition", "attachment")
            del part["Content-Type"]
            part["Content-Type"] = f'application/zip; name="{raw}"'


def _as_attached(message: EmailMessage) -> bytes:
    part = list(message.iter_attachments())[-1]
    payload = part.get_payload()
    assert isinstance(payload, list)
    return bytes(payload[0].as_bytes())
