"""A drawn invoice as an XBRL instance of the e-voucher standard 电子凭证会计数据标准."""

# ruff: noqa: E501, E731 (templates of XML)
from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.ingest.invoices.markup import element, plain

if TYPE_CHECKING:
    from tests.ingest.invoices.builder import InvoiceSpec


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
    return element(f"{prefix}:{name}", value, f' contextRef="now"{unit}')


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
        + fact("Quantity", plain(item.quantity))
        + fact("UnitPrice", plain(item.unit_price))
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
        + fact("TaxRate", plain(spec.items[0].rate))
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
        + fact("VatRate", plain(spec.items[0].rate))
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
