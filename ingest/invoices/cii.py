"""Invoices of the European norm EN 16931: CII (Factur-X, ZUGFeRD 1 and 2, XRechnung) and UBL.

Amounts keep the currency of the invoice. A credit note is red: in both syntaxes it states positive amounts,
which are given here as negative ones, like those of every red invoice.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from ingest.invoices import values
from ingest.invoices.facts import Line, Reading, Source, Value
from ingest.invoices.values import Fields
from ingest.invoices.xml_tree import Node

_CREDIT: Final = frozenset({"381", "83", "261", "262", "296", "308", "396", "420", "458", "532"})
"""UNTDID 1001 codes of credit notes."""
MOST_LINES: Final = 20_000


def is_one(root: Node) -> bool:
    """Whether the tree is CII of any version, or UBL."""
    if root.key in ("crossindustryinvoice", "crossindustrydocument"):
        return True
    return root.key in ("invoice", "creditnote") and (
        "ubl" in root.namespace or root.child("legalmonetarytotal") is not None
    )


def read(root: Node, origin: str) -> Reading | None:
    """What it says; None when it has neither number nor total."""
    fields, lines = _ubl(root) if root.key in ("invoice", "creditnote") else _cii(root)
    if "number" not in fields and "total" not in fields:
        return None
    if fields["type"].value == "Credit note":
        fields, lines = _reversed(fields, lines)
    fields.red(None, "")
    return Reading(Source.XML, fields, lines, origin)


def _reversed(fields: Fields, lines: tuple[Line, ...]) -> tuple[Fields, tuple[Line, ...]]:
    """A credit note with negative amounts, which most state as positive ones."""
    fields.put("is_red", True, fields["type"].raw)
    total = fields.get("total")
    if total is None or not isinstance(total.value, Decimal) or total.value <= 0:
        return fields, lines
    for name in ("net", "tax", "total"):
        found = fields.get(name)
        if found is not None and isinstance(found.value, Decimal):
            fields[name] = Value(-found.value + 0, found.raw)
    return fields, tuple(
        replace(
            line,
            amount=None if line.amount is None else -line.amount + 0,
            tax=None if line.tax is None else -line.tax + 0,
            quantity=None if line.quantity is None else -line.quantity + 0,
        )
        for line in lines
    )


def _name_of(code: str, is_credit: bool) -> str:
    return "Credit note" if is_credit or code in _CREDIT else "Invoice"


def _cii(root: Node) -> tuple[Fields, tuple[Line, ...]]:
    fields = Fields()
    document = root.child("exchangeddocument", "headerexchangeddocument") or root
    trade = root.child("supplychaintradetransaction", "specifiedsupplychaintradetransaction") or root
    agreement = trade.child("applicableheadertradeagreement", "applicablesupplychaintradeagreement") or Node(
        "", "", "", {}
    )
    settlement = (
        trade.child("applicableheadertradesettlement", "applicablesupplychaintradesettlement") or trade
    )
    code = _text(document, "typecode")
    fields.text("number", _text(document, "id"))
    fields.put("type", _name_of(code, False), code)
    issued = document.child("issuedatetime")
    fields.day("issue_date", issued.said("datetimestring", "datetime") if issued else "")
    notes = [_text(note, "content") for note in document.children if note.key == "includednote"]
    fields.text("remark", " ".join(note for note in notes if note))
    for name in ("seller", "buyer"):
        party = agreement.child(f"{name}tradeparty")
        if party is not None:
            fields.text(f"{name}_name", _text(party, "name"))
            fields.text(f"{name}_tax_id", _cii_tax_id(party))
    sums = settlement.child(
        "specifiedtradesettlementheadermonetarysummation", "specifiedtradesettlementmonetarysummation"
    ) or Node("", "", "", {})
    currency = _text(settlement, "invoicecurrencycode") or next(
        (node.attribute("currencyid") for node in sums.children if node.attribute("currencyid")), ""
    )
    fields.text("currency", currency)
    fields.money("net", _text(sums, "taxbasistotalamount"))
    taxes = [node for node in sums.children if node.key == "taxtotalamount"]
    same = [node for node in taxes if node.attribute("currencyid") in ("", currency)] or taxes
    fields.money("tax", same[0].text if same else "")
    fields.money("total", _text(sums, "grandtotalamount"))
    referenced = settlement.child("invoicereferenceddocument") or agreement.child("invoicereferenceddocument")
    if referenced is not None:
        fields.text("red_of_number", referenced.said("issuerassignedid", "id"))
        if code not in _CREDIT:
            fields.pop("red_of_number", None)
    items = [node for node in trade.children if node.key == "includedsupplychaintradelineitem"][:MOST_LINES]
    lines = [line for line in map(_cii_line, items) if line is not None]
    lines += [line for line in map(_cii_charge, settlement.children) if line is not None]
    return fields, tuple(lines)


def _cii_charge(node: Node) -> Line | None:
    """An allowance, charge or delivery charge on the whole invoice: a line of its own, as the net has it."""
    if node.key == "specifiedtradeallowancecharge":
        amount = values.money(_text(node, "actualamount"))
        is_charge = node.said("indicator", "chargeindicator").lower() in ("true", "1")
        reason = _text(node, "reason") or ("Charge" if is_charge else "Allowance")
    elif node.key == "specifiedlogisticsservicecharge":
        amount, is_charge = values.money(_text(node, "appliedamount")), True
        reason = _text(node, "description") or "Delivery"
    else:
        return None
    if amount is None:
        return None
    rate, printed = _percent(node.said("rateapplicablepercent", "applicablepercent"))
    signed = amount if is_charge else -amount
    return Line(reason[:500], amount=signed + 0, rate=rate, rate_as_printed=printed)


def _text(node: Node, name: str) -> str:
    """The text of a direct child."""
    child = node.child(name)
    return child.text.strip() if child is not None else ""


def _cii_tax_id(party: Node) -> str:
    """The VAT id, else the national tax number."""
    ids = [node.child("id") for node in party.children if node.key == "specifiedtaxregistration"]
    known = [one for one in ids if one is not None and one.text.strip()]
    vat = [one for one in known if one.attribute("schemeid").upper() in ("VA", "")]
    return (vat or known)[0].text if known else ""


def _cii_line(item: Node) -> Line | None:
    product = item.child("specifiedtradeproduct") or item
    agreement = item.child("specifiedlinetradeagreement", "specifiedsupplychaintradeagreement") or item
    delivery = item.child("specifiedlinetradedelivery", "specifiedsupplychaintradedelivery") or item
    settlement = item.child("specifiedlinetradesettlement", "specifiedsupplychaintradesettlement") or item
    name = values.text(_text(product, "name")) or values.text(_text(product, "description"))
    amount = values.money(settlement.said("linetotalamount"))
    if name is None and amount is None:
        return None
    billed = delivery.first("billedquantity")
    price = agreement.first("netpriceproducttradeprice", "grosspriceproducttradeprice")
    rate, printed = _percent(settlement.said("rateapplicablepercent", "applicablepercent"))
    return Line(
        name=(name or "")[:500],
        specification=values.text(_text(product, "sellerassignedid"), values.MOST_SPECIFICATION),
        unit=values.text(billed.attribute("unitcode"), values.MOST_UNIT) if billed else None,
        quantity=values.amount(billed.text) if billed else None,
        unit_price=values.amount(price.said("chargeamount")) if price else None,
        amount=amount,
        rate=rate,
        rate_as_printed=printed,
    )


def _percent(said: str) -> tuple[Decimal | None, str | None]:
    """A rate that is stated in percent, 0.5 being half a percent."""
    return values.rate(f"{said.strip()}%") if said.strip() else (None, None)


def _ubl(root: Node) -> tuple[Fields, tuple[Line, ...]]:
    fields = Fields()
    is_credit = root.key == "creditnote"
    code = _text(root, "invoicetypecode") or _text(root, "creditnotetypecode")
    fields.text("number", _text(root, "id"))
    fields.put("type", _name_of(code, is_credit), code or root.name)
    fields.day("issue_date", _text(root, "issuedate"))
    fields.text("remark", " ".join(node.text.strip() for node in root.children if node.key == "note"))
    fields.text("currency", _text(root, "documentcurrencycode"))
    for name, key in (("seller", "accountingsupplierparty"), ("buyer", "accountingcustomerparty")):
        holder = root.child(key)
        party = holder.child("party") if holder else None
        if party is None:
            continue
        legal, named = party.child("partylegalentity"), party.child("partyname")
        fields.text(
            f"{name}_name",
            (_text(legal, "registrationname") if legal else "") or (_text(named, "name") if named else ""),
        )
        schemes = [node for node in party.children if node.key == "partytaxscheme"]
        ids = [_text(node, "companyid") for node in schemes if node.said("id") in ("VAT", "")]
        ids += [_text(node, "companyid") for node in schemes] + ([_text(legal, "companyid")] if legal else [])
        fields.text(f"{name}_tax_id", next((one for one in ids if one), ""))
    sums = root.child("legalmonetarytotal", "requestedmonetarytotal") or Node("", "", "", {})
    fields.money("net", _text(sums, "taxexclusiveamount") or _text(sums, "lineextensionamount"))
    fields.money("total", _text(sums, "taxinclusiveamount") or _text(sums, "payableamount"))
    currency = _text(root, "documentcurrencycode")
    amounts = [total.child("taxamount") for total in root.children if total.key == "taxtotal"]
    taxes = [one for one in amounts if one is not None]
    same = [one for one in taxes if one.attribute("currencyid") in ("", currency)] or taxes
    fields.money("tax", same[0].text if same else "")
    reference = root.child("billingreference")
    if reference is not None and fields["type"].value == "Credit note":
        original = reference.child("invoicedocumentreference")
        fields.text("red_of_number", _text(original, "id") if original else "")
    items = [node for node in root.children if node.key in ("invoiceline", "creditnoteline")][:MOST_LINES]
    lines = [line for line in map(_ubl_line, items) if line is not None]
    lines += [line for line in map(_ubl_charge, root.children) if line is not None]
    return fields, tuple(lines)


def _ubl_charge(node: Node) -> Line | None:
    """The same in UBL."""
    amount = values.money(_text(node, "amount")) if node.key == "allowancecharge" else None
    if amount is None:
        return None
    is_charge = _text(node, "chargeindicator").lower() in ("true", "1")
    reason = _text(node, "allowancechargereason") or ("Charge" if is_charge else "Allowance")
    rate, printed = _percent(node.said("percent"))
    signed = amount if is_charge else -amount
    return Line(reason[:500], amount=signed + 0, rate=rate, rate_as_printed=printed)


def _ubl_line(item: Node) -> Line | None:
    product = item.child("item") or item
    name = values.text(_text(product, "name")) or values.text(_text(product, "description"))
    amount = values.money(_text(item, "lineextensionamount"))
    if name is None and amount is None:
        return None
    billed = item.child("invoicedquantity", "creditedquantity")
    category, price = product.child("classifiedtaxcategory"), item.child("price")
    rate, printed = _percent(_text(category, "percent") if category else "")
    return Line(
        name=(name or "")[:500],
        unit=values.text(billed.attribute("unitcode"), values.MOST_UNIT) if billed else None,
        quantity=values.amount(billed.text) if billed else None,
        unit_price=values.amount(_text(price, "priceamount")) if price else None,
        amount=amount,
        rate=rate,
        rate_as_printed=printed,
    )
