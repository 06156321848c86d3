"""A drawn invoice as the data that real carriers hold. Their structure is that of files in the wild."""

# ruff: noqa: E501, E731 (templates of XML)
from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from tests.ingest.invoices.builder import InvoiceSpec, Item

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


def _element(name: str, value: object, extra: str = "") -> str:
    text = "" if value is None else escape(str(value))
    return f"<{name}{extra}>{text}</{name}>"


def _plain(value: Decimal | None) -> str:
    return "" if value is None else format(value, "f")


def as_einvoice_xml(spec: InvoiceSpec, encoding: str = "utf-8", specific: str = "") -> bytes:
    """The XML of a 数电票 as the electronic tax bureau gives it out; ``specific`` is what its trade adds."""
    special = "专用" in spec.kind.value
    label = lambda name, code, text: (
        f"<{name}>{_element('LabelCode', code)}{_element('LabelName', text)}</{name}>"
    )
    header = (
        _element("EIid", spec.number)
        + _element("EInvoiceTag", f"SWEI{spec.number[2:4]}00")
        + _element("Version", "0.32")
        + "<InherentLabel>"
        + label("InIssuType", "N" if spec.is_red else "Y", "是否蓝字发票标志")
        + label("EInvoiceType", "01" if special else "02", "电子发票")
        + label("GeneralOrSpecialVAT", "01" if special else "02", "增值税专用发票" if special else "普通发票")
        + "</InherentLabel><UndefinedLabel><Label><LabelType/><LabelCode/><LabelName/></Label></UndefinedLabel>"
    )
    items = "".join(_einvoice_item(item) for item in spec.items)
    red = ""
    if spec.is_red:
        red = f"<RedEInvoice>{_element('OriginalInvoiceCode', spec.red_of_number)}{_element('RedConfirmationNo', '310' + '0' * 17)}</RedEInvoice>"
    data = (
        _einvoice_party("Seller", spec.seller)
        + _einvoice_party("Buyer", spec.buyer)
        + "<BasicInformation>"
        + _element("TotalAmWithoutTax", spec.net)
        + _element("TotalTaxAm", spec.tax)
        + _element("TotalTax-includedAmount", spec.total)
        + _element("TotalTax-includedAmountInChinese", spec.capitals)
        + _element("Drawer", spec.drawer)
        + _element("RequestTime", f"{spec.issue_date} 10:21:07")
        + f"</BasicInformation>{items}<SpecificInformation>{specific}{red}</SpecificInformation>"
        + f"<AdditionalInformation>{_element('Remark', spec.full_remark)}</AdditionalInformation>"
    )
    supervision = (
        _element("InvoiceNumber", spec.number)
        + _element("IssueTime", f"{spec.issue_date} 10:21:08")
        + _element("TaxBureauCode", f"1{spec.number[2:4]}00000000")
        + _element("TaxBureauName", f"国家税务总局{spec.place}省税务局")
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
        + _element(f"{side}IdNum", party.tax_id)
        + _element(f"{side}Name", party.name)
        + _element(f"{side}Addr", party.address)
        + _element(f"{side}TelNum", party.phone)
        + _element(f"{side}BankName", party.bank)
        + _element(f"{side}BankAccNum", party.account)
        + f"</{side}Information>"
    )


def _einvoice_item(item: Item) -> str:
    rate = _plain(item.rate) if item.printed_rate.endswith("%") else item.printed_rate
    return (
        "<IssuItemInformation>"
        + _element("ItemName", item.name)
        + _element("SpecMod", item.specification)
        + _element("MeaUnits", item.unit)
        + _element("Quantity", _plain(item.quantity))
        + _element("UnPrice", _plain(item.unit_price))
        + _element("Amount", item.amount)
        + _element("TaxRate", rate)
        + _element("ComTaxAm", item.tax)
        + _element("TotaltaxIncludedAmount", item.amount + item.tax)
        + _element("TaxClassificationCode", item.tax_class)
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
    fp = lambda name, value: _element(f"fp:{name}", value)
    items = "".join(
        "<fp:GoodsInfo>"
        + fp("LineNo", number)
        + fp("LineNature", "1" if item.is_discount else "0")
        + fp("Item", item.name)
        + fp("Code", item.tax_class)
        + fp("Specification", item.specification)
        + fp("MeasurementDimension", item.unit)
        + fp("Price", _plain(item.unit_price))
        + fp("Quantity", _plain(item.quantity))
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


def as_xbrl(spec: InvoiceSpec, encoding: str = "utf-8") -> bytes:
    """The XBRL instance of the e-voucher standard: VAT e-invoice, railway ticket, air itinerary."""
    if spec.kind.name == "RAILWAY":
        return _instance("rai", _railway_facts(spec), spec, encoding)
    if spec.kind.name == "AIR":
        return _instance("atr", _air_facts(spec), spec, encoding)
    return _instance("einv" if spec.is_digital else "inv", _vat_facts(spec), spec, encoding)


def _fact(prefix: str, name: str, value: object, *, is_money: bool = False) -> str:
    if value in (None, ""):
        return f'<{prefix}:{name} contextRef="now" xsi:nil="true"/>'
    unit = ' unitRef="CNY" decimals="2"' if is_money else ""
    return _element(f"{prefix}:{name}", value, f' contextRef="now"{unit}')


def _instance(prefix: str, facts: str, spec: InvoiceSpec, encoding: str) -> bytes:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n'
        '<xbrli:xbrl xmlns:xbrli="http://www.xbrl.org/2003/instance" xmlns:link="http://www.xbrl.org/2003/linkbase" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:iso4217="http://www.xbrl.org/2003/iso4217" '
        f'xmlns:{prefix}="http://xbrl.mof.gov.cn/taxonomy/2021-11-30/{prefix}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<link:schemaRef xlink:type="simple" xlink:href="{prefix}_issuer_2021-11-30.xsd"/>'
        '<xbrli:context id="now"><xbrli:entity><xbrli:identifier scheme="http://xbrl.mof.gov.cn">'
        f"{spec.seller.tax_id or spec.number}</xbrli:identifier></xbrli:entity><xbrli:period>"
        f"<xbrli:instant>{spec.issue_date}</xbrli:instant></xbrli:period></xbrli:context>"
        f'<xbrli:unit id="CNY"><xbrli:measure>iso4217:{spec.currency}</xbrli:measure></xbrli:unit>{facts}</xbrli:xbrl>'
    )
    return text.encode(encoding)


def _vat_facts(spec: InvoiceSpec) -> str:
    prefix = "einv" if spec.is_digital else "inv"
    fact = lambda name, value, money=False: _fact(prefix, name, value, is_money=money)
    credit = "TaxpayerIdentificationNumberUnifiedSocialCreditCodeOf"
    lines = "".join(
        f"<{prefix}:InformationOfTaxableGoodsOrServicesDetailItemsTuple>"
        + fact("NameOfTaxableGoodsOrServices", item.name)
        + fact("SpecificationAndModel", item.specification)
        + fact("Unit", item.unit)
        + fact("Quantity", _plain(item.quantity))
        + fact("UnitPrice", _plain(item.unit_price))
        + fact("AmountExcludingTax", item.amount, True)
        + fact("TaxRate", item.printed_rate)
        + fact("TaxAmount", item.tax, True)
        + fact("NatureOfInvoiceLine", "1" if item.is_discount else "0")
        + fact("TaxClassificationCode", item.tax_class)
        + f"</{prefix}:InformationOfTaxableGoodsOrServicesDetailItemsTuple>"
        for item in spec.items
    )
    return (
        fact("UniqueCodeOfInvoice", spec.code + spec.number)
        + fact("TypeOfInvoice", spec.kind.value)
        + fact("CodeOfInvoice", spec.code)
        + fact("NumberOfInvoice", spec.number)
        + fact("DateOfIssue", spec.issue_date)
        + fact("IdentifyingCode", spec.check_code)
        + fact("NumberOfInvoiceMachine", spec.machine)
        + fact("NameOfSeller", spec.seller.name)
        + fact(f"{credit}Seller", spec.seller.tax_id)
        + fact("NameOfPurchaser", spec.buyer.name)
        + fact(f"{credit}Purchaser", spec.buyer.tax_id)
        + lines
        + fact("TotalAmountExcludingTax", spec.net, True)
        + fact("TotalTaxAmount", spec.tax, True)
        + fact("TaxIncludedAmountInFigures", spec.total, True)
        + fact("TaxIncludedAmountInWords", spec.capitals)
        + fact("Remarks", spec.full_remark)
        + fact("Payee", spec.payee)
        + fact("Reviewer", spec.reviewer)
        + fact("Issuer", spec.drawer)
        + fact("VoidMark", "N")
    )


def as_receivers_xbrl(spec: InvoiceSpec) -> bytes:
    """The same as the receiver keeps it: without code and number but the unique code, and how it was booked."""
    prefix = "einv" if spec.is_digital else "inv"
    fact = lambda name, value, money=False: _fact(prefix, name, value, is_money=money)
    issued = _vat_facts(spec)
    for name in ("CodeOfInvoice", "NumberOfInvoice", "TypeOfInvoice"):
        issued = re.sub(rf"<{prefix}:{name} .*?(/>|</{prefix}:{name}>)", "", issued)
    entry = "".join(
        f"<{prefix}:InformationOfDebitAndCreditEntryTuple>{fact('DebitOrCredit', side)}"
        f"{fact('NameOfGeneralLedgerSubject', subject)}{fact('RecordedAmount', amount, True)}"
        f"</{prefix}:InformationOfDebitAndCreditEntryTuple>"
        for side, subject, amount in (
            ("借", "管理费用", spec.net), ("借", "应交税费", spec.tax), ("贷", "应付账款", spec.total),
        )
    )  # fmt: skip
    booked = (
        fact("NameOfAccountingEntity", spec.buyer.name)
        + fact("WhetherInvoiceIsRedInvoice", "true" if spec.is_red else "false")
        + fact("CodeOfOriginalInvoice", spec.red_of_code)
        + fact("NumberOfOriginalInvoice", spec.red_of_number)
        + f"<{prefix}:InformationOfAccountingDocumentsTuple>"
        + fact("NumberOfAccountingDocuments", "07654")
        + fact("PostingDate", f"{spec.issue_date.year}-12-31")
        + fact("SummaryOfAccountingDocuments", "费用报销")
        + entry
        + f"</{prefix}:InformationOfAccountingDocumentsTuple>"
    )
    return _instance(prefix, issued + booked, spec, "utf-8")


def _railway_facts(spec: InvoiceSpec) -> str:
    fact = lambda name, value, money=False: _fact("rai", name, value, is_money=money)
    leg = spec.legs[0]
    return (
        fact("TypeOfVoucher", spec.kind.value)
        + fact("ElectronicInvoiceRailwayETicketNumber", spec.number)
        + fact("ETicketNumber", spec.ticket)
        + fact("DateOfIssue", spec.issue_date)
        + fact("TypeOfBusiness", "退" if spec.is_red else "售")
        + fact("DepartureStation", leg.start)
        + fact("DestinationStation", leg.end)
        + fact("TrainNumber", leg.vehicle)
        + fact("TravelDate", leg.day)
        + fact("DepartureTime", leg.time)
        + fact("Carriage", leg.seat.split("车")[0])
        + fact("Seat", leg.seat.split("车")[1])
        + fact("SeatLevel", "二等座")
        + fact("Fare", spec.total, True)
        + fact("TotalAmountExcludingTax", spec.net, True)
        + fact("TaxRate", _plain(spec.items[0].rate))
        + fact("TaxAmount", spec.tax, True)
        + fact("Name", spec.passenger)
        + fact("IdNumber", "3101011990****001X")
        + fact("NameOfPurchaser", spec.buyer.name)
        + fact("UnifiedSocialCreditCodeOfPurchaser", spec.buyer.tax_id)
        + fact("NumberOfOriginalInvoice", spec.red_of_number)
        + fact("IssueParty", None)
        + fact("Remarks", None)
    )


def _air_facts(spec: InvoiceSpec) -> str:
    fact = lambda name, value, money=False: _fact("atr", name, value, is_money=money)
    legs = "".join(
        "<atr:DetailInformationOfAirTicketTuple>"
        + fact("DepartureStation", leg.start)
        + fact("DestinationStation", leg.end)
        + fact("Carrier", "长风")
        + fact("Flight", leg.vehicle)
        + fact("Class", "Y")
        + fact("CarrierDate", leg.day)
        + fact("DepartureTime", leg.time)
        + "</atr:DetailInformationOfAirTicketTuple>"
        for leg in spec.legs
    )
    return (
        fact("ElectronicInvoiceAirTransportReceiptNumber", spec.number)
        + fact("IssuingStatus", "正常")
        + fact("PassengerName", spec.passenger)
        + fact("ValidIdNumber", "3101011990****001X")
        + legs
        + "".join(fact(name, value, True) for name, value in spec.extras.items())
        + fact("VatRate", _plain(spec.items[0].rate))
        + fact("VatTaxAmount", spec.tax, True)
        + fact("TotalAmount", spec.total, True)
        + fact("ETicketNumber", spec.ticket)
        + fact("VerificationCode", spec.check_code)
        + fact("IssueParty", spec.seller.name)
        + fact("IssueDate", spec.issue_date)
        + fact("NameOfSeller", spec.seller.name)
        + fact("UnifiedSocialCreditCodeOfSeller", spec.seller.tax_id)
        + fact("NameOfPurchaser", spec.buyer.name)
        + fact("UnifiedSocialCreditCodeOfPurchaser", spec.buyer.tax_id)
        + fact("MarkingOfDomesticOrInternational", "国内")
    )


def as_cii(spec: InvoiceSpec, encoding: str = "utf-8") -> bytes:
    """``factur-x.xml``: UN/CEFACT Cross Industry Invoice D16B, profile EN 16931."""
    lines = "".join(_cii_line(number, item, spec) for number, item in enumerate(spec.items, start=1))
    rates: dict[Decimal, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for item in spec.items:
        rates[item.rate or Decimal(0)][0] += item.amount
        rates[item.rate or Decimal(0)][1] += item.tax
    taxes = "".join(
        f"<ram:ApplicableTradeTax><ram:CalculatedAmount>{tax}</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode>"
        f"<ram:BasisAmount>{base}</ram:BasisAmount><ram:CategoryCode>S</ram:CategoryCode>"
        f"<ram:RateApplicablePercent>{rate * 100:.2f}</ram:RateApplicablePercent></ram:ApplicableTradeTax>"
        for rate, (base, tax) in rates.items()
    )
    reference = ""
    if spec.is_red:
        reference = (
            "<ram:InvoiceReferencedDocument><ram:IssuerAssignedID>"
            f"{spec.red_of_number}</ram:IssuerAssignedID></ram:InvoiceReferencedDocument>"
        )
    note = (
        f"<ram:IncludedNote>{_element('ram:Content', spec.remark)}</ram:IncludedNote>" if spec.remark else ""
    )

    def party(tag: str, who: Any) -> str:
        return (
            f"<ram:{tag}>{_element('ram:Name', who.name)}<ram:PostalTradeAddress>"
            f"{_element('ram:LineOne', who.address)}<ram:CountryID>DE</ram:CountryID></ram:PostalTradeAddress>"
            '<ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">201/113/40209</ram:ID></ram:SpecifiedTaxRegistration>'
            f'<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">{who.tax_id}</ram:ID></ram:SpecifiedTaxRegistration></ram:{tag}>'
        )

    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n'
        '<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100" '
        'xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100" '
        'xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">'
        "<rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>urn:cen.eu:en16931:2017"
        "</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>"
        f"<rsm:ExchangedDocument>{_element('ram:ID', spec.number)}<ram:TypeCode>{'381' if spec.is_red else '380'}</ram:TypeCode>"
        f'<ram:IssueDateTime><udt:DateTimeString format="102">{spec.issue_date:%Y%m%d}</udt:DateTimeString></ram:IssueDateTime>{note}'
        f"</rsm:ExchangedDocument><rsm:SupplyChainTradeTransaction>{lines}<ram:ApplicableHeaderTradeAgreement>"
        + party("SellerTradeParty", spec.seller)
        + party("BuyerTradeParty", spec.buyer)
        + "</ram:ApplicableHeaderTradeAgreement><ram:ApplicableHeaderTradeDelivery/><ram:ApplicableHeaderTradeSettlement>"
        f"<ram:InvoiceCurrencyCode>{spec.currency}</ram:InvoiceCurrencyCode>{taxes}"
        "<ram:SpecifiedTradeSettlementHeaderMonetarySummation>"
        f"<ram:LineTotalAmount>{spec.net}</ram:LineTotalAmount><ram:TaxBasisTotalAmount>{spec.net}</ram:TaxBasisTotalAmount>"
        f'<ram:TaxTotalAmount currencyID="{spec.currency}">{spec.tax}</ram:TaxTotalAmount>'
        f"<ram:GrandTotalAmount>{spec.total}</ram:GrandTotalAmount><ram:DuePayableAmount>{spec.total}</ram:DuePayableAmount>"
        f"</ram:SpecifiedTradeSettlementHeaderMonetarySummation>{reference}</ram:ApplicableHeaderTradeSettlement>"
        "</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"
    )
    return text.encode(encoding)


def _cii_line(number: int, item: Item, spec: InvoiceSpec) -> str:
    quantity = item.quantity if item.quantity is not None else Decimal(1)
    price = item.unit_price if item.unit_price is not None else item.amount
    return (
        "<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument>"
        f"<ram:LineID>{number}</ram:LineID></ram:AssociatedDocumentLineDocument><ram:SpecifiedTradeProduct>"
        f"{_element('ram:Name', item.name)}</ram:SpecifiedTradeProduct><ram:SpecifiedLineTradeAgreement>"
        f"<ram:NetPriceProductTradePrice><ram:ChargeAmount>{_plain(price)}</ram:ChargeAmount></ram:NetPriceProductTradePrice>"
        f"</ram:SpecifiedLineTradeAgreement><ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode={quoteattr(item.unit or 'C62')}>"
        f"{_plain(quantity)}</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery><ram:SpecifiedLineTradeSettlement>"
        "<ram:ApplicableTradeTax><ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>S</ram:CategoryCode>"
        f"<ram:RateApplicablePercent>{(item.rate or Decimal(0)) * 100:.2f}</ram:RateApplicablePercent></ram:ApplicableTradeTax>"
        "<ram:SpecifiedTradeSettlementLineMonetarySummation>"
        f"<ram:LineTotalAmount>{item.amount}</ram:LineTotalAmount></ram:SpecifiedTradeSettlementLineMonetarySummation>"
        "</ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>"
    )


def as_ubl(spec: InvoiceSpec, encoding: str = "utf-8") -> bytes:
    """A UBL 2.1 invoice or credit note, whose amounts are positive as its kind says the direction."""
    sign = -1 if spec.is_red else 1
    root, line, quantity = (
        ("CreditNote", "CreditNoteLine", "CreditedQuantity")
        if spec.is_red
        else ("Invoice", "InvoiceLine", "InvoicedQuantity")
    )
    money = lambda name, value: f'<cbc:{name} currencyID="{spec.currency}">{value * sign}</cbc:{name}>'

    def party(tag: str, who: Any) -> str:
        return (
            f"<cac:{tag}><cac:Party><cac:PartyTaxScheme><cbc:CompanyID>{who.tax_id}</cbc:CompanyID>"
            "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme><cac:PartyLegalEntity>"
            f"{_element('cbc:RegistrationName', who.name)}</cac:PartyLegalEntity></cac:Party></cac:{tag}>"
        )

    lines = "".join(
        f"<cac:{line}><cbc:ID>{number}</cbc:ID>"
        f'<cbc:{quantity} unitCode="{item.unit or "C62"}">{_plain((item.quantity if item.quantity is not None else Decimal(sign)) * sign)}</cbc:{quantity}>'
        + money("LineExtensionAmount", item.amount)
        + f"<cac:Item>{_element('cbc:Name', item.name)}<cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID>"
        f"<cbc:Percent>{(item.rate or Decimal(0)) * 100:.2f}</cbc:Percent></cac:ClassifiedTaxCategory></cac:Item>"
        f'<cac:Price><cbc:PriceAmount currencyID="{spec.currency}">'
        f"{_plain(item.unit_price if item.unit_price is not None else abs(item.amount))}</cbc:PriceAmount></cac:Price></cac:{line}>"
        for number, item in enumerate(spec.items, start=1)
    )
    reference = ""
    if spec.is_red:
        reference = (
            "<cac:BillingReference><cac:InvoiceDocumentReference>"
            f"<cbc:ID>{spec.red_of_number}</cbc:ID></cac:InvoiceDocumentReference></cac:BillingReference>"
        )
    names = "urn:oasis:names:specification:ubl:schema:xsd"
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<{root} xmlns="{names}:{root}-2" '
        f'xmlns:cac="{names}:CommonAggregateComponents-2" xmlns:cbc="{names}:CommonBasicComponents-2">'
        f"{_element('cbc:ID', spec.number)}<cbc:IssueDate>{spec.issue_date}</cbc:IssueDate>"
        + (_element("cbc:Note", spec.remark) if spec.remark else "")
        + f"<cbc:DocumentCurrencyCode>{spec.currency}</cbc:DocumentCurrencyCode>{reference}"
        + party("AccountingSupplierParty", spec.seller)
        + party("AccountingCustomerParty", spec.buyer)
        + f"<cac:TaxTotal>{money('TaxAmount', spec.tax)}</cac:TaxTotal><cac:LegalMonetaryTotal>"
        + money("LineExtensionAmount", spec.net)
        + money("TaxExclusiveAmount", spec.net)
        + money("TaxInclusiveAmount", spec.total)
        + money("PayableAmount", spec.total)
        + f"</cac:LegalMonetaryTotal>{lines}</{root}>"
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
