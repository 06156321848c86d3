# ruff: noqa: E501
"""What an OFD says besides its pages: custom data, tags, attachments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.invoices.facts import Source
from tests.ingest.corpus import differences
from tests.ingest.invoices import carriers
from tests.ingest.invoices.builder import InvoiceSpec, Kind
from tests.ingest.ofd import builder
from tests.ingest.ofd.builder import Maker, PageSpec
from tests.ingest.ofd.test_drawing import made


def test_custom_data_of_a_digital_invoice_are_read(tmp_path: Path) -> None:
    spec = InvoiceSpec.random(51, Kind.DIGITAL, lines=2, red=False)
    converted = made(builder.vat_invoice_ofd(spec), tmp_path)
    (reading,) = converted.readings
    wanted = {
        name: value for name, value in spec.expected().items() if name in carriers.CARRIED["custom_data"]
    }
    assert reading.source is Source.XML and reading.origin == "OFD.xml"
    assert differences(wanted, reading) == []


@pytest.mark.parametrize("colon", ["", "：", " :"])
def test_names_of_custom_data_may_be_written_in_many_ways(colon: str, tmp_path: Path) -> None:
    maker = Maker()
    maker.pages.append(PageSpec())
    maker.custom_data = [
        (f"发票号码{colon}", "24312000000012345678"),
        (f" 合计 金额{colon}", "￥1,234.50"),
        (f"价税合计（小写）{colon}", "¥1,395.00"),
        (f"开票日期{colon}", "2024-03-05 10:00:00"),
        (f"销售方名称{colon}", "云杉测试科技有限公司"),
        ("不认识", "无"),
    ]
    (reading,) = made(maker.bytes(), tmp_path).readings
    assert reading.get("number") == "24312000000012345678"
    assert reading.get("net") == Decimal("1234.50") and reading.get("total") == Decimal("1395.00")
    assert reading.get("issue_date") == date(2024, 3, 5)
    assert reading.get("seller_name") == "云杉测试科技有限公司"


def test_custom_data_of_something_else_are_no_invoice(tmp_path: Path) -> None:
    maker = Maker()
    maker.pages.append(PageSpec())
    maker.custom_data = [("合同编号", "HT-1"), ("合计金额", "1.00")]
    assert made(maker.bytes(), tmp_path).readings == []


def test_tags_name_the_text_objects_that_hold_a_value(tmp_path: Path) -> None:
    maker = Maker()
    values = {
        "InvoiceCode": "031002300111",
        "InvoiceNo": "12345678",
        "IssueDate": "2023年05月06日",
        "BuyerName": "云杉测试科技有限公司",
        "TaxInclusiveTotalAmount": "¥113.00",
    }
    page = PageSpec()
    tags = ""
    for row, (name, said) in enumerate(values.items()):
        parts = [said] if name != "IssueDate" else ["2023", "05", "06"]
        references = ""
        for column, part in enumerate(parts):
            page.body.append(maker.text(20 + 20 * column, 20 + 10 * row, part, 4))
            references += f'<ofd:ObjectRef PageRef="1">{maker._number}</ofd:ObjectRef>'
        tags += f"<{name}>{references}</{name}>"
    maker.pages.append(page)
    maker.custom_tag = f'<eInvoice xmlns:ofd="{builder.NAMESPACE}">{tags}</eInvoice>'
    (reading,) = made(maker.bytes(), tmp_path).readings
    assert {name: reading.get(name) for name in ("code", "number", "issue_date", "buyer_name", "total")} == {
        "code": "031002300111",
        "number": "12345678",
        "issue_date": date(2023, 5, 6),
        "buyer_name": "云杉测试科技有限公司",
        "total": Decimal("113.00"),
    }
    place = reading.fields["number"].place
    assert place is not None and place.page == 1
    assert abs(place.left - 20 / 210) < 0.01 and place.top < 30 / 297 < place.bottom


def test_tags_of_objects_that_are_not_there_say_nothing(tmp_path: Path) -> None:
    maker = Maker()
    maker.pages.append(PageSpec(body=[maker.text(20, 20, "文", 4)]))
    maker.custom_tag = f'<eInvoice xmlns:ofd="{builder.NAMESPACE}"><InvoiceNo><ofd:ObjectRef>1</ofd:ObjectRef></InvoiceNo></eInvoice>'
    assert made(maker.bytes(), tmp_path).readings == []


@pytest.mark.parametrize("is_listed", [True, False])
def test_the_invoices_xml_is_found_listed_or_lying_beside(is_listed: bool, tmp_path: Path) -> None:
    spec = InvoiceSpec.random(52, Kind.ELECTRONIC, lines=3, red=True)
    maker = builder.invoice(spec)
    parts = maker.parts()
    if not is_listed:
        del parts["Doc_0/Attachs/Attachments.xml"]
    converted = made(builder.zipped(parts), tmp_path)
    (reading,) = converted.readings
    wanted = {name: value for name, value in spec.expected().items() if name in carriers.CARRIED["vat"]}
    assert differences(wanted, reading) == []
    (attachment,) = converted.attachments
    assert attachment.name == "original_invoice.xml"
    assert attachment.path.parent == tmp_path and attachment.path.read_bytes() == carriers.as_vat_xml(spec)


def test_xbrl_of_a_ticket_is_read(tmp_path: Path) -> None:
    spec = InvoiceSpec.random(53, Kind.RAILWAY)
    (reading,) = made(builder.vat_invoice_ofd(spec), tmp_path).readings
    assert reading.source is Source.XBRL and reading.get("total") == spec.total


def test_names_of_attachments_lead_nowhere(tmp_path: Path) -> None:
    maker = Maker()
    maker.pages.append(PageSpec())
    maker.attachments.append(("../../etc/cron.d/说明", "note.txt", b"text"))
    (attachment,) = made(maker.bytes(), tmp_path).attachments
    assert attachment.path.parent == tmp_path and ".." not in attachment.name
    assert attachment.name.endswith("说明.txt")
