"""XBRL instances of the e-voucher standard 电子凭证会计数据标准, by the local names of their facts.

One taxonomy for each kind: ``inv`` (VAT e-invoices), ``einv`` (数电票), ``rai`` (railway tickets),
``atr`` (air itineraries). Those of bank receipts, fiscal bills and payments are no invoices. Contexts, units
and the version in the namespace do not matter to what is read; a fact that is nil is not there.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from ingest.invoices import credit_code, values
from ingest.invoices.facts import Line, Reading, Source
from ingest.invoices.values import Fields
from ingest.invoices.xml_tree import Node

_RAILWAY: Final = "electronicinvoicerailwayeticketnumber"
_AIR: Final = "electronicinvoiceairtransportreceiptnumber"
_MARKS: Final = frozenset({_RAILWAY, _AIR, "taxincludedamountinfigures"})
_VAT_NUMBER: Final = ("numberofinvoice", "invoicenumber", "einvoicenumber", "numberofeinvoice", "einvoiceid")
_CREDIT: Final = "taxpayeridentificationnumberunifiedsocialcreditcodeof"
_LINES: Final = re.compile(r"(taxablegoodsorservices|detailitems|goodsorservices).*tuple$")
_LEGS: Final = "detailinformationofairticket"
MOST_LINES: Final = 20_000
RAILWAY_TYPE: Final = "电子发票（铁路电子客票）"
AIR_TYPE: Final = "电子发票（航空运输电子客票行程单）"


def is_one(root: Node) -> bool:
    """Whether the tree is an XBRL instance, or facts of these taxonomies without one around them."""
    return root.key == "xbrl" or any(
        node.key in _MARKS or "xbrl.mof.gov.cn" in node.namespace for node in root.walk()
    )


def read(root: Node, origin: str) -> Reading | None:
    """What it says; None for vouchers that are no invoices."""
    said = facts(root)
    if _RAILWAY in said:
        return _railway(said, origin)
    if _AIR in said:
        return _air(root, said, origin)
    if "taxincludedamountinfigures" in said or any(name in said for name in _VAT_NUMBER):
        return _vat(root, said, origin)
    return None


def facts(root: Node) -> dict[str, str]:
    """The facts outside of tuples, by local name; the first that says something of several."""
    found: dict[str, str] = {}
    waiting = list(reversed(root.children))
    while waiting:
        node = waiting.pop()
        if node.key in ("context", "unit", "schemaref") or node.key.endswith("tuple"):
            continue
        if node.children:
            waiting.extend(reversed(node.children))
        elif node.text.strip() and node.attribute("nil") != "true":
            found.setdefault(node.key, node.text.strip())
    return found


def _parties(fields: Fields, facts: dict[str, str]) -> None:
    for party, name in (("buyer", "purchaser"), ("seller", "seller")):
        fields.text(f"{party}_name", facts.get(f"nameof{name}", ""))
        for code in (
            f"{_CREDIT}{name}",
            f"unifiedsocialcreditcodeof{name}",
            f"taxpayeridentificationnumberof{name}",
        ):
            fields.text(f"{party}_tax_id", facts.get(code, ""))


def _currency(root_facts: dict[str, str]) -> str:
    return root_facts.get("currency", "") or "CNY"


def _railway(facts: dict[str, str], origin: str) -> Reading:
    """A railway ticket. The fare is the total."""
    fields = Fields()
    fields.text("number", facts[_RAILWAY])
    fields.text("type", facts.get("typeofvoucher", "") or RAILWAY_TYPE)
    fields.day("issue_date", facts.get("dateofissue", "") or facts.get("issuedate", ""))
    _parties(fields, facts)
    fields.text("seller_name", facts.get("issueparty", ""))
    fields.text("seller_tax_id", facts.get("issuepartycode", ""))
    fields.money("total", facts.get("fare", ""))
    fields.money("net", facts.get("totalamountexcludingtax", ""))
    fields.money("tax", facts.get("taxamount", "") or facts.get("totaltaxamount", ""))
    fields.text("currency", _currency(facts))
    fields.text("remark", facts.get("remarks", ""))
    fields.text("passenger", facts.get("name", "") or facts.get("passengername", ""))
    fields.day("travel_date", facts.get("traveldate", ""))
    start, end = (
        facts.get("departurestation", ""),
        facts.get("destinationstation", ""),
    )
    if start and end:
        fields.text("journey", f"{start} → {end} {facts.get('trainnumber', '')}")
    business = facts.get("typeofbusiness", "")
    # 退 is also the business of a fee for giving a ticket back, which is an invoice like others
    is_red = True if "红" in business else None
    fields.red(is_red, business, number=facts.get("numberoforiginalinvoice", ""))
    return Reading(Source.XBRL, fields, (), origin)


def _air(root: Node, facts: dict[str, str], origin: str) -> Reading:
    """An air itinerary: fare and fuel surcharge are the net amount; funds and other taxes come on top."""
    fields = Fields()
    fields.text("number", facts[_AIR])
    fields.text("type", AIR_TYPE)
    fields.day("issue_date", facts.get("issuedate", "") or facts.get("dateofissue", ""))
    fields.text("check_code", facts.get("verificationcode", ""))
    _parties(fields, facts)
    fields.text("seller_name", facts.get("issueparty", ""))
    fields.money("total", facts.get("totalamount", ""))
    fields.money("tax", facts.get("vattaxamount", ""))
    parts = [values.money(facts.get(name, "")) for name in ("fare", "fuelsurcharge")]
    if parts[0] is not None:
        net = parts[0] + (parts[1] or Decimal(0))
        fields.put("net", net, " + ".join(str(part) for part in parts if part))
    fields.text("currency", _currency(facts))
    fields.text("passenger", facts.get("passengername", ""))
    ways = [way for way in map(_way, legs(root)) if way]
    fields.text("journey", "；".join(ways))
    for leg in legs(root):
        fields.day("travel_date", leg.get("carrierdate", "") or leg.get("traveldate", ""))
    fields.text("remark", facts.get("endorsement", ""))
    status = facts.get("issuingstatus", "")
    is_red = True if re.search("红|退", status) else None
    fields.red(is_red, status, number=facts.get("numberoforiginalinvoice", ""))
    return Reading(Source.XBRL, fields, _air_lines(facts), origin)


def legs(root: Node) -> list[dict[str, str]]:
    """The facts of each way of an itinerary; those of one with a single way may stand in no tuple."""
    return [_named(node) for node in root.walk() if node.key.startswith(_LEGS) and node.children] or [
        facts(root)
    ]


def _way(leg: dict[str, str]) -> str:
    start, end = leg.get("departurestation", ""), leg.get("destinationstation", "")
    return f"{start} → {end} {leg.get('flight', '')}".strip() if start and end else ""


def _air_lines(facts: dict[str, str]) -> tuple[Line, ...]:
    """The parts of the price, as the itinerary prints them; only the first two bear the tax."""
    rate, printed = values.rate(facts.get("vatrate", ""))
    lines = []
    for key, name, is_taxed in (
        ("fare", "票价", True),
        ("fuelsurcharge", "燃油附加费", True),
        ("civilaviationdevelopmentfund", "民航发展基金", False),
        ("othertaxes", "其他税费", False),
    ):
        amount = values.money(facts.get(key, ""))
        if amount:
            taxed = (rate, printed) if is_taxed else (None, None)
            lines.append(Line(name, amount=amount, rate=taxed[0], rate_as_printed=taxed[1]))
    return tuple(lines)


def _vat(root: Node, facts: dict[str, str], origin: str) -> Reading | None:
    """A VAT e-invoice or a 数电票."""
    fields = Fields()
    fields.text("number", next((facts[name] for name in _VAT_NUMBER if name in facts), ""))
    fields.text("code", facts.get("codeofinvoice", "") or facts.get("invoicecode", ""))
    _take_unique(fields, values.bare(facts.get("uniquecodeofinvoice", "")))
    fields.text("type", facts.get("typeofinvoice", "") or facts.get("typeofvoucher", ""))
    fields.day("issue_date", facts.get("dateofissue", "") or facts.get("issuedate", ""))
    fields.text(
        "check_code",
        facts.get("identifyingcode", "") or facts.get("checkcode", ""),
    )
    _parties(fields, facts)
    _take_issuer(fields, root, facts)
    fields.money("net", facts.get("totalamountexcludingtax", ""))
    fields.money("tax", facts.get("totaltaxamount", ""))
    fields.money("total", facts.get("taxincludedamountinfigures", ""))
    fields.text("total_in_capitals", facts.get("taxincludedamountinwords", ""))
    fields.text("currency", _currency(facts))
    fields.text("remark", facts.get("remarks", "") or facts.get("remark", ""))
    fields.text("drawer", facts.get("issuer", "") or facts.get("drawer", ""))
    if "number" not in fields and "total" not in fields:
        return None
    marked = facts.get("whetherinvoiceisredinvoice", "").lower()
    is_red = {
        "true": True,
        "y": True,
        "是": True,
        "1": True,
        "false": False,
        "n": False,
        "否": False,
    }.get(marked)
    number = facts.get("numberoforiginalinvoice", "") or facts.get("numberofblueinvoice", "")
    fields.red(is_red, marked, facts.get("codeoforiginalinvoice", ""), number)
    tuples = [_named(node) for node in root.walk() if _LINES.search(node.key)][:MOST_LINES]
    lines = tuple(line for line in map(_line, tuples) if line is not None)
    return Reading(Source.XBRL, fields, lines, origin)


def _take_issuer(fields: Fields, root: Node, facts: dict[str, str]) -> None:
    """The seller's tax id where only the context names it: the entity of an issuer's instance is the issuer.

    That of a receiver's instance, which says how the invoice was booked, is the receiver.
    """
    entity = values.bare(root.said("identifier")).upper()
    is_receivers = any(name.startswith("whether") or "accountingentity" in name for name in facts)
    known = {str(fields[name].value) for name in ("number", "buyer_tax_id") if name in fields}
    if not is_receivers and entity not in known and len(entity) < 20 and credit_code.is_tax_id(entity):
        fields.text("seller_tax_id", entity)


def _take_unique(fields: Fields, unique: str) -> None:
    """Number and code from the unique code of an invoice, which is all that a receiver's instance may say.

    It is the number of a 数电票, which begins with a year of this century's twenties or later; else the code,
    whose 12 digits begin with 0 or 1 and whose 10 with that of a province, and the number of 8 after it.
    """
    if "number" in fields or "code" in fields:
        return
    if re.fullmatch(r"[2-9]\d{19}", unique):
        fields.text("number", unique)
    elif found := re.fullmatch(r"([01]\d{11}|\d{10})(\d{8})", unique):
        fields.text("code", found[1])
        fields.text("number", found[2])


def _named(node: Node) -> dict[str, str]:
    """The facts of a tuple."""
    return {
        one.key: one.text.strip()
        for one in node.walk()
        if not one.children and one.attribute("nil") != "true"
    }


def _line(said: dict[str, str]) -> Line | None:
    name = values.text(
        values.pick(said, "nameoftaxablegoodsorservices", "nameofgoodsorservices", "itemname", "name")
    )
    amount = values.money(values.pick(said, "amountexcludingtax", "amount"))
    if name is None and amount is None:
        return None
    rate, printed = values.rate(values.pick(said, "taxrate"))
    return Line(
        name=(name or "")[:500],
        specification=values.text(
            values.pick(said, "specificationandmodel", "specificationmodel", "specification", "model"),
            values.MOST_SPECIFICATION,
        ),
        unit=values.text(values.pick(said, "unit", "measurementunit", "unitofmeasurement"), values.MOST_UNIT),
        quantity=values.amount(values.pick(said, "quantity")),
        unit_price=values.amount(values.pick(said, "unitprice", "price", "unitpriceexcludingtax")),
        amount=amount,
        rate=rate,
        rate_as_printed=printed,
        tax=values.money(values.pick(said, "taxamount")),
        tax_class=values.text(values.pick(said, "taxclassificationcode"), values.MOST_TAX_CLASS),
    )
