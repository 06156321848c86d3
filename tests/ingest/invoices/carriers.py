"""A drawn invoice as the data that real carriers hold. Their structure is that of files in the wild."""

# ruff: noqa: E501, E731 (templates of XML)
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.ingest.invoices.carriers_norm import as_cii, as_ubl
from tests.ingest.invoices.carriers_xbrl import as_receivers_xbrl, as_xbrl
from tests.ingest.invoices.markup import element, plain

if TYPE_CHECKING:
    from tests.ingest.invoices.builder import InvoiceSpec, Item

__all__ = [
    "CARRIED",
    "as_cii",
    "as_einvoice_xml",
    "as_receivers_xbrl",
    "as_ubl",
    "as_vat_xml",
    "as_xbrl",
    "custom_data",
    "qr_text",
]

_COMMON = {"type", "number", "issue_date", "seller_name", "seller_tax_id", "buyer_name", "buyer_tax_id", "net",
           "tax", "total", "currency", "is_red", "red_of_number", "remark"}  # fmt: skip
CARRIED: dict[str, set[str]] = {
    "einvoice": _COMMON | {"total_in_capitals", "drawer", "lines"},
    "vat": _COMMON | {"code", "check_code", "drawer", "red_of_code", "lines"},
    "xbrl": _COMMON | {"code", "check_code", "drawer", "red_of_code", "total_in_capitals", "lines"},
    "railway": _COMMON - {"seller_name", "seller_tax_id", "remark"} | {"passenger", "journey", "travel_date"},
    "air": _COMMON - {"remark"} | {"check_code", "passenger", "journey", "travel_date"},
    "cii": _COMMON | {"lines"},
    "qr": {"type", "code", "number", "issue_date", "check_code"},
    "custom_data": {"number", "issue_date", "seller_tax_id", "buyer_tax_id", "net", "tax"},
}
"""Which fields of ``expected`` each carrier says (the QR code one amount besides)."""


def as_einvoice_xml(spec: InvoiceSpec, encoding: str = "utf-8", specific: str = "") -> bytes:
    """The XML of a 数电票 as the electronic tax bureau gives it out; ``specific`` is what its trade adds."""
    special = "专用" in spec.kind.value
    label = lambda name, code, text: (
        f"<{name}>{element('LabelCode', code)}{element('LabelName', text)}</{name}>"
    )
    header = (
        element("EIid", spec.number)
        + element("EInvoiceTag", f"SWEI{spec.number[2:4]}00")
        + element("Version", "0.32")
        + "<InherentLabel>"
        + label("InIssuType", "N" if spec.is_red else "Y", "是否蓝字发票标志")
        + label("EInvoiceType", "01" if special else "02", "电子发票")
        + label("GeneralOrSpecialVAT", "01" if special else "02", "增值税专用发票" if special else "普通发票")
        + "</InherentLabel><UndefinedLabel><Label><LabelType/><LabelCode/><LabelName/></Label></UndefinedLabel>"
    )
    items = "".join(_einvoice_item(item) for item in spec.items)
    red = ""
    if spec.is_red:
        red = f"<RedEInvoice>{element('OriginalInvoiceCode', spec.red_of_number)}{element('RedConfirmationNo', '310' + '0' * 17)}</RedEInvoice>"
    data = (
        _einvoice_party("Seller", spec.seller)
        + _einvoice_party("Buyer", spec.buyer)
        + "<BasicInformation>"
        + element("TotalAmWithoutTax", spec.net)
        + element("TotalTaxAm", spec.tax)
        + element("TotalTax-includedAmount", spec.total)
        + element("TotalTax-includedAmountInChinese", spec.capitals)
        + element("Drawer", spec.drawer)
        + element("RequestTime", f"{spec.issue_date} 10:21:07")
        + f"</BasicInformation>{items}<SpecificInformation>{specific}{red}</SpecificInformation>"
        + f"<AdditionalInformation>{element('Remark', spec.full_remark)}</AdditionalInformation>"
    )
    supervision = (
        element("InvoiceNumber", spec.number)
        + element("IssueTime", f"{spec.issue_date} 10:21:08")
        + element("TaxBureauCode", f"1{spec.number[2:4]}00000000")
        + element("TaxBureauName", f"国家税务总局{spec.place}省税务局")
    )
    text = (
        f'<?xml version="1.0" encoding="{encoding}" standalone="yes"?>\n<EInvoice><Header>{header}</Header>'
        f"<EInvoiceData>{data}</EInvoiceData><TaxSupervisionInfo>{supervision}</TaxSupervisionInfo>"
        "<TaxBureauSignature>PD94bWwgdmVyc2lvbj0iMS4wIj8+</TaxBureauSignature></EInvoice>"
    )
    return text.encode(encoding)


def _einvoice_party(side: str, party: Any) -> str:
    return (
        f"<{side}Information>"
        + element(f"{side}IdNum", party.tax_id)
        + element(f"{side}Name", party.name)
        + element(f"{side}Addr", party.address)
        + element(f"{side}TelNum", party.phone)
        + element(f"{side}BankName", party.bank)
        + element(f"{side}BankAccNum", party.account)
        + f"</{side}Information>"
    )


def _einvoice_item(item: Item) -> str:
    rate = plain(item.rate) if item.printed_rate.endswith("%") else item.printed_rate
    return (
        "<IssuItemInformation>"
        + element("ItemName", item.name)
        + element("SpecMod", item.specification)
        + element("MeaUnits", item.unit)
        + element("Quantity", plain(item.quantity))
        + element("UnPrice", plain(item.unit_price))
        + element("Amount", item.amount)
        + element("TaxRate", rate)
        + element("ComTaxAm", item.tax)
        + element("TotaltaxIncludedAmount", item.amount + item.tax)
        + element("TaxClassificationCode", item.tax_class)
        + "</IssuItemInformation>"
    )


def as_vat_xml(spec: InvoiceSpec, encoding: str = "utf-8") -> bytes:
    """``original_invoice.xml`` of the older e-invoice in OFD. ``fp`` elements below an unqualified root."""
    types = {
        "增值税专用发票": "004",
        "增值税普通发票": "007",
        "增值税电子普通发票": "026",
        "增值税电子专用发票": "028",
    }
    fp = lambda name, value: element(f"fp:{name}", value)
    items = "".join(
        "<fp:GoodsInfo>"
        + fp("LineNo", number)
        + fp("LineNature", "1" if item.is_discount else "0")
        + fp("Item", item.name)
        + fp("Code", item.tax_class)
        + fp("Specification", item.specification)
        + fp("MeasurementDimension", item.unit)
        + fp("Price", plain(item.unit_price))
        + fp("Quantity", plain(item.quantity))
        + fp("Amount", item.amount)
        + fp("TaxScheme", item.printed_rate)
        + fp("TaxAmount", item.tax if item.printed_rate.endswith("%") else "***")
        + "</fp:GoodsInfo>"
        for number, item in enumerate(spec.items, start=1)
    )

    def party(side: str, who: Any) -> str:
        return (
            f"<fp:{side}>"
            + fp(f"{side}Name", who.name)
            + fp(f"{side}TaxID", who.tax_id)
            + fp(f"{side}AddrTel", f"{who.address} {who.phone}")
            + fp(f"{side}FinancialAccount", f"{who.bank} {who.account}")
            + f"</fp:{side}>"
        )

    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n'
        '<eInvoice xmlns:fp="http://www.edrm.org.cn/schema/e-invoice/2019" Version="1.0">'
        + fp("DocID", "01")
        + fp("AreaCode", spec.code[1:5])
        + fp("TypeCode", "1" if spec.is_red else "0")
        + fp("InvoiceTypeCode", types[spec.kind.value])
        + fp("InvoiceCode", spec.code)
        + fp("InvoiceNo", spec.number)
        + fp("IssueDate", f"{spec.issue_date:%Y年%m月%d日}")
        + fp("InvoiceCheckCode", " ".join(spec.check_code[at : at + 5] for at in range(0, 20, 5)))
        + fp("MachineNo", spec.machine)
        + fp("TaxControlCode", "".join(spec.cipher))
        + party("Buyer", spec.buyer)
        + "<fp:Tpvn/>"
        + party("Seller", spec.seller)
        + fp("TaxInclusiveTotalAmount", spec.total)
        + fp("Note", spec.full_remark)
        + fp("InvoiceClerk", spec.drawer)
        + fp("Payee", spec.payee)
        + fp("Checker", spec.reviewer)
        + fp("Signature", "MIIB")
        + fp("TaxTotalAmount", spec.tax)
        + fp("TaxExclusiveTotalAmount", spec.net)
        + f"<fp:GoodsInfos>{items}</fp:GoodsInfos>"
        + "</eInvoice>"
    )
    return text.encode(encoding)


def qr_text(spec: InvoiceSpec, *, trailing_comma: bool = True) -> str:
    """The text of the QR code. The amount is without tax on the older kinds and with tax on 数电票."""
    from tests.ingest.invoices.builder import QR_TYPES

    amount = spec.total if spec.is_digital else spec.net
    parts = ["01", QR_TYPES[spec.kind], spec.code, spec.number, str(amount), f"{spec.issue_date:%Y%m%d}"]
    parts += [spec.check_code, f"{sum(map(ord, spec.number)) * 2654435761 % 65536:04X}"]
    return ",".join(parts) + ("," if trailing_comma else "")


def custom_data(spec: InvoiceSpec) -> dict[str, str]:
    """``CustomDatas`` of ``OFD.xml`` of a 数电票: 合计金额 is without tax."""
    return {
        "发票号码": spec.number,
        "合计税额": str(spec.tax),
        "合计金额": str(spec.net),
        "开票日期": f"{spec.issue_date:%Y年%m月%d日}",
        "购买方纳税人识别号": spec.buyer.tax_id,
        "销售方纳税人识别号": spec.seller.tax_id,
    }
