"""A drawn invoice in the words of platforms: XML of no schema, as downloads and interfaces give it."""

# ruff: noqa: E501 (templates of XML)
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from xml.sax.saxutils import escape

from tests.ingest.invoices.builder import InvoiceSpec, Item
from tests.ingest.invoices.carriers import as_einvoice_xml

Tags = list[tuple[str, object]]


def _written(tags: Tags) -> str:
    return "".join(
        f"<{name}>{escape(str(value))}</{name}>" for name, value in tags if value not in (None, "")
    )


def _file(root: str, inner: str, encoding: str, attributes: str = "") -> bytes:
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<{root}{attributes}>{inner}</{root}>\n'
    return text.encode(encoding)


def _rate(item: Item) -> object:
    return item.rate if item.printed_rate.endswith("%") else item.printed_rate


def chinese(spec: InvoiceSpec, encoding: str = "utf-8") -> bytes:
    """With the words of the printed form as names, flat."""
    head: Tags = [
        ("发票类型", spec.kind.value),
        ("发票代码", spec.code),
        ("发票号码", spec.number),
        ("开票日期", f"{spec.issue_date:%Y年%m月%d日}"),
        ("校验码", spec.check_code),
        ("购买方名称", spec.buyer.name),
        ("购买方纳税人识别号", spec.buyer.tax_id),
        ("销售方名称", spec.seller.name),
        ("销售方纳税人识别号", spec.seller.tax_id),
        ("合计金额", spec.net),
        ("合计税额", spec.tax),
        ("价税合计", spec.total),
        ("价税合计大写", spec.capitals),
        ("被红冲蓝字发票号码" if spec.is_digital else "原发票号码", spec.red_of_number),
        ("原发票代码", spec.red_of_code),
        ("备注", spec.full_remark),
        ("开票人", spec.drawer),
    ]
    items = "".join(
        "<项目>"
        + _written(
            [
                ("项目名称", item.name),
                ("规格型号", item.specification),
                ("单位", item.unit),
                ("数量", item.quantity),
                ("单价", item.unit_price),
                ("金额", item.amount),
                ("税率", _rate(item)),
                ("税额", item.tax),
                ("税收分类编码", item.tax_class),
            ]
        )
        + "</项目>"
        for item in spec.items
    )
    return _file("发票", f"{_written(head)}<明细>{items}</明细>", encoding)


def pinyin(spec: InvoiceSpec, encoding: str = "utf-8") -> bytes:
    """With the initials of the words, as the data norms of electronic invoices name them."""
    head: Tags = [
        ("FPDM", spec.code),
        ("FPHM", spec.number),
        ("KPRQ", f"{spec.issue_date:%Y%m%d}093015"),
        ("JYM", spec.check_code),
        ("FPLX", spec.kind.value),
        ("XSFMC", spec.seller.name),
        ("XSFNSRSBH", spec.seller.tax_id),
        ("GMFMC", spec.buyer.name),
        ("GMFNSRSBH", spec.buyer.tax_id),
        ("HJJE", spec.net),
        ("HJSE", spec.tax),
        ("JSHJXX", spec.total),
        ("JSHJDX", spec.capitals),
        ("YFPDM", spec.red_of_code),
        ("YFPHM", spec.red_of_number),
        ("BZ", spec.full_remark),
        ("KPR", spec.drawer),
    ]
    items = "".join(
        "<MX>"
        + _written(
            [
                ("XMMC", item.name),
                ("GGXH", item.specification),
                ("DW", item.unit),
                ("SL", item.quantity),
                ("DJ", item.unit_price),
                ("JE", item.amount),
                ("SLV", _rate(item)),
                ("SE", item.tax),
                ("SPBM", item.tax_class),
            ]
        )
        + "</MX>"
        for item in spec.items
    )
    return _file("FPXX", f"{_written(head)}<MXXX>{items}</MXXX>", encoding)


def interface(spec: InvoiceSpec, encoding: str = "gbk") -> bytes:
    """As issuing programs exchange it: words joined by strokes, SL for the rate, a ``business`` around it."""
    head: Tags = [
        ("FPQQLSH", "T2026030112345678"),
        ("KPLX", "1" if spec.is_red else "0"),
        ("XSF_NSRSBH", spec.seller.tax_id),
        ("XSF_MC", spec.seller.name),
        ("XSF_DZDH", f"{spec.seller.address} {spec.seller.phone}"),
        ("GMF_NSRSBH", spec.buyer.tax_id),
        ("GMF_MC", spec.buyer.name),
        ("KPR", spec.drawer),
        ("YFP_DM", spec.red_of_code),
        ("YFP_HM", spec.red_of_number),
        ("JSHJ", spec.total),
        ("HJJE", spec.net),
        ("HJSE", spec.tax),
        ("BZ", spec.full_remark),
        ("FP_DM", spec.code),
        ("FP_HM", spec.number),
        ("KPRQ", f"{spec.issue_date:%Y-%m-%d} 09:30:15"),
        ("JYM", spec.check_code),
    ]
    items = "".join(
        "<COMMON_FPKJ_XMXX>"
        + _written(
            [
                ("FPHXZ", "1" if item.is_discount else "0"),
                ("SPBM", item.tax_class),
                ("XMMC", item.name),
                ("GGXH", item.specification),
                ("DW", item.unit),
                ("XMSL", item.quantity),
                ("XMDJ", item.unit_price),
                ("XMJE", item.amount),
                ("SL", _rate(item)),
                ("SE", item.tax),
            ]
        )
        + ("" if item.quantity is not None else "<XMSL></XMSL>")
        + "</COMMON_FPKJ_XMXX>"
        for item in spec.items
    )
    inner = (
        f'<RESPONSE_COMMON_FPKJ class="RESPONSE_COMMON_FPKJ"><COMMON_FPKJ_FPT>{_written(head)}</COMMON_FPKJ_FPT>'
        f'<COMMON_FPKJ_XMXXS class="COMMON_FPKJ_XMXX" size="{len(spec.items)}">{items}</COMMON_FPKJ_XMXXS>'
        "</RESPONSE_COMMON_FPKJ>"
    )
    return _file("business", inner, encoding, ' id="FPKJ" comment="发票开具"')


def platform(spec: InvoiceSpec, encoding: str = "utf-8") -> bytes:
    """In plain English words below ``Invoice``, as highway and travel platforms give their 数电票."""
    head: Tags = [
        ("InvoiceType", spec.kind.value),
        ("InvoiceNumber", spec.number),
        ("InvoiceCode", spec.code),
        ("IssueDate", spec.issue_date),
        ("AmountWithoutTax", spec.net),
        ("TaxAmount", spec.tax),
        ("TotalAmount", spec.total),
        ("SellerName", spec.seller.name),
        ("SellerTaxNo", spec.seller.tax_id),
        ("BuyerName", spec.buyer.name),
        ("BuyerTaxNo", spec.buyer.tax_id),
        ("OriginalInvoiceNumber", spec.red_of_number),
        ("Remark", spec.full_remark),
        ("Drawer", spec.drawer),
    ]
    items = "".join(
        "<Item>"
        + _written(
            [
                ("ItemName", item.name),
                ("Spec", item.specification),
                ("Unit", item.unit),
                ("Quantity", item.quantity),
                ("UnitPrice", item.unit_price),
                ("Amount", item.amount),
                ("TaxRate", item.printed_rate),
                ("TaxAmount", item.tax),
                ("TaxClassificationCode", item.tax_class),
            ]
        )
        + "</Item>"
        for item in spec.items
    )
    return _file("Invoice", f"{_written(head)}<Items>{items}</Items>", encoding)


# --- EInvoice as others write it


def _changed(change: Callable[[str], str]) -> Callable[..., bytes]:
    def made(spec: InvoiceSpec, encoding: str = "utf-8", **said: str) -> bytes:
        return change(as_einvoice_xml(spec, encoding, **said).decode(encoding)).encode(encoding)

    return made


def _prefixed(text: str) -> str:
    text = re.sub(r"<(/?)([A-Z])", r"<\1ei:\2", text)
    return text.replace("<ei:EInvoice>", '<ei:EInvoice xmlns:ei="urn:example:einvoice:2022">', 1)


def _inside(text: str) -> str:
    """All items in one element, each called ItemDetail, their tax TaxAm."""
    text = text.replace("</IssuItemInformation><IssuItemInformation>", "</ItemDetail><ItemDetail>")
    text = text.replace("<IssuItemInformation>", "<IssuItemInformation><ItemDetail>")
    text = text.replace("</IssuItemInformation>", "</ItemDetail></IssuItemInformation>")
    return text.replace("ComTaxAm>", "TaxAm>")


def _without_supervision(text: str) -> str:
    """What was sent to be issued: the bureau's part is missing, and the signature."""
    text = re.sub(r"<TaxSupervisionInfo>.*</TaxBureauSignature>", "", text)
    return re.sub(r"<EInvoiceTag>.*?</EInvoiceTag>", "", text)


def _indented(text: str) -> str:
    """Each element on a line of its own, empty ones closed in themselves, with comments and instructions."""
    text = re.sub(r"<(\w[\w-]*)></\1>", r"<\1/>", text)
    text = text.replace("><", ">\r\n    <").replace(
        "?>\r\n", '?>\r\n<?xml-stylesheet href="a.xsl"?><!-- 发票 -->', 1
    )
    return re.sub(r">([^<\s][^<]*)</(Seller|Buyer)Name>", r">\r\n  \1\r\n </\2Name>", text)


EINVOICE: Final[dict[str, Callable[..., bytes]]] = {
    "plain": as_einvoice_xml,
    "default-namespace": _changed(
        lambda text: text.replace("<EInvoice>", '<EInvoice xmlns="urn:example:einvoice">', 1)
    ),
    "prefixed": _changed(_prefixed),
    "items-inside": _changed(_inside),
    "wrapped": _changed(
        lambda text: text.replace("<EInvoice>", '<Response code="0"><Data><EInvoice>', 1).replace(
            "</EInvoice>", "</EInvoice></Data></Response>"
        )
    ),
    "before-issue": _changed(_without_supervision),
    "indented": _changed(_indented),
    "small-letters": _changed(lambda text: re.sub(r"</?[A-Z][\w-]*", lambda tag: tag[0].lower(), text)),
}
