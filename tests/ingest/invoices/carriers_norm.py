"""A drawn invoice in the syntaxes of EN 16931: CII and UBL."""

# ruff: noqa: E501, E731 (templates of XML)
from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from tests.ingest.invoices.markup import element, plain

if TYPE_CHECKING:
    from tests.ingest.invoices.builder import InvoiceSpec, Item


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
        f"<ram:IncludedNote>{element('ram:Content', spec.remark)}</ram:IncludedNote>" if spec.remark else ""
    )

    def party(tag: str, who: Any) -> str:
        return (
            f"<ram:{tag}>{element('ram:Name', who.name)}<ram:PostalTradeAddress>"
            f"{element('ram:LineOne', who.address)}<ram:CountryID>DE</ram:CountryID></ram:PostalTradeAddress>"
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
        f"<rsm:ExchangedDocument>{element('ram:ID', spec.number)}<ram:TypeCode>{'381' if spec.is_red else '380'}</ram:TypeCode>"
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
        f"{element('ram:Name', item.name)}</ram:SpecifiedTradeProduct><ram:SpecifiedLineTradeAgreement>"
        f"<ram:NetPriceProductTradePrice><ram:ChargeAmount>{plain(price)}</ram:ChargeAmount></ram:NetPriceProductTradePrice>"
        f"</ram:SpecifiedLineTradeAgreement><ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode={quoteattr(item.unit or 'C62')}>"
        f"{plain(quantity)}</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery><ram:SpecifiedLineTradeSettlement>"
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
            f"{element('cbc:RegistrationName', who.name)}</cac:PartyLegalEntity></cac:Party></cac:{tag}>"
        )

    lines = "".join(
        f"<cac:{line}><cbc:ID>{number}</cbc:ID>"
        f'<cbc:{quantity} unitCode="{item.unit or "C62"}">{plain((item.quantity if item.quantity is not None else Decimal(sign)) * sign)}</cbc:{quantity}>'
        + money("LineExtensionAmount", item.amount)
        + f"<cac:Item>{element('cbc:Name', item.name)}<cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID>"
        f"<cbc:Percent>{(item.rate or Decimal(0)) * 100:.2f}</cbc:Percent></cac:ClassifiedTaxCategory></cac:Item>"
        f'<cac:Price><cbc:PriceAmount currencyID="{spec.currency}">'
        f"{plain(item.unit_price if item.unit_price is not None else abs(item.amount))}</cbc:PriceAmount></cac:Price></cac:{line}>"
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
        f"{element('cbc:ID', spec.number)}<cbc:IssueDate>{spec.issue_date}</cbc:IssueDate>"
        + (element("cbc:Note", spec.remark) if spec.remark else "")
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
