"""What the typeset form of an invoice says, word for word: from a reading, and from details beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from core.amounts import amount_in_words
from ingest.invoices import values, xbrl
from ingest.invoices.agreement import kind_of
from ingest.invoices.facts import Line, Reading
from ingest.invoices.xml_tree import Node

_NOTE: Final = "依据XML数据排版，非税务机关版式文件；原始数据见本文件的附件。"
_FOREIGN_NOTE: Final = (
    "Typeset from the attached XML data; not the issuer’s own layout. 依据所附XML数据排版，非开票方版式文件。"
)
_SIGNS: Final = {"CNY": "¥", "EUR": "€", "USD": "$", "GBP": "£"}
_MOST_FACTS: Final = 500


def of_invoice(reading: Reading, root: Node, most_lines: int) -> tuple[str, dict[str, Any]]:
    """The form's name and its words."""
    kind = kind_of(reading.get("type") or "")
    if kind == "railway" and not reading.lines:
        return "railway", _railway(reading, xbrl.facts(root))
    if kind == "air":
        return "air", _air(reading, root)
    if kind in ("invoice", "credit-note"):
        return "foreign", _foreign(reading, most_lines)
    return "goods", _goods(reading, most_lines)


def of_voucher(root: Node) -> tuple[str, dict[str, Any]]:
    """The form of a voucher that is no invoice: all its facts under the names of the taxonomy."""
    known = [[node.name, _cut(node.text)] for node in root.walk() if _is_fact(node)]
    titled = next((value for name, value in known if name in ("TypeOfVoucher", "NameOfVoucher")), "")
    return "voucher", {"title": titled or "电子凭证", "note": _NOTE, "facts": known[:_MOST_FACTS]}


def _is_fact(node: Node) -> bool:
    """Contexts and units are from the namespaces of XBRL itself; facts are not, and have no children."""
    return not node.children and bool(node.text.strip()) and "xbrl.org" not in node.namespace


def _cut(text: str) -> str:
    return text.strip()[:2_000]


def _common(reading: Reading, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "note": _NOTE,
        "mark": "红字" if reading.get("is_red") else "",
        "number": _said(reading, "number"),
        "issued": _day(reading.get("issue_date")),
        "seller": _party(reading, "seller"),
        "buyer": _party(reading, "buyer"),
        "remark": _said(reading, "remark"),
        "net": _money(reading, "net"),
        "tax": _money(reading, "tax"),
        "total": _money(reading, "total"),
    }


def _said(reading: Reading, name: str) -> str:
    return str(reading.get(name) or "")


def _party(reading: Reading, side: str) -> dict[str, str]:
    return {"name": _said(reading, f"{side}_name"), "tax_id": _said(reading, f"{side}_tax_id")}


def _day(value: date | None) -> str:
    return f"{value.year}年{value.month:02}月{value.day:02}日" if value else ""


def _money(reading: Reading, name: str) -> str:
    """An amount with the sign of its currency, or with its code where there is none."""
    amount = reading.get(name)
    if amount is None:
        return ""
    currency = _said(reading, "currency") or "CNY"
    return f"{_SIGNS[currency]}{amount:.2f}" if currency in _SIGNS else f"{currency} {amount:.2f}"


def _goods(reading: Reading, most_lines: int) -> dict[str, Any]:
    code, check_code = _said(reading, "code"), _said(reading, "check_code")
    paper = "票据" if kind_of(_said(reading, "type")) == "fiscal" else "发票"
    head = [[f"{paper}代码：", code]] if code else []
    head += [[f"{paper}号码：", _said(reading, "number")], ["开票日期：", _day(reading.get("issue_date"))]]
    if len(check_code) == 20:
        check_code = " ".join(check_code[at : at + 5] for at in range(0, 20, 5))
    if check_code:
        head.append(["校验码：", check_code])
    total, capitals = reading.get("total"), _said(reading, "total_in_capitals")
    if not capitals and total is not None:
        capitals = amount_in_words(total).replace("元", "圆")
    lines = [_line(line) for line in reading.lines[:most_lines]]
    if len(reading.lines) > most_lines:
        lines.append(_empty_line(f"（其余 {len(reading.lines) - most_lines} 行见附件数据）"))
    return _common(reading, _said(reading, "type") or "电子发票") | {
        "head": head,
        "lines": lines,
        "capitals": capitals,
        "drawer": _said(reading, "drawer"),
    }


def _line(line: Line) -> dict[str, str]:
    tax = "" if line.tax is None else f"{line.tax:.2f}"
    return {
        "name": line.name,
        "specification": line.specification or "",
        "unit": line.unit or "",
        "quantity": _exact(line.quantity),
        "unit_price": _exact(line.unit_price),
        "amount": "" if line.amount is None else f"{line.amount:.2f}",
        "rate": line.rate_as_printed or "",
        "tax": "***" if not line.tax and line.rate_as_printed in ("免税", "不征税") else tax,
    }


def _empty_line(name: str) -> dict[str, str]:
    return dict.fromkeys(("specification", "unit", "quantity", "unit_price", "amount", "rate", "tax"), "") | {
        "name": name
    }


def _exact(value: Decimal | None) -> str:
    """A number with the decimals it came with, thirteen at most, as the tax bureau prints them."""
    if value is None:
        return ""
    shown = format(value, "f")
    return format(round(value, 13).normalize(), "f") if len(shown.partition(".")[2]) > 13 else shown


def _railway(reading: Reading, facts: Mapping[str, str]) -> dict[str, Any]:
    travel = _day(reading.get("travel_date"))
    carriage, seat = facts.get("carriage", ""), facts.get("seat", "")
    level = " ".join(facts[name] for name in ("seatlevel", "airconditioningmark") if facts.get(name))
    rate = facts.get("taxrate", "")
    more = [["备注：", _said(reading, "remark")], ["原发票号码：", _said(reading, "red_of_number")]]
    return _common(reading, _said(reading, "type")) | {
        "start": _station(facts.get("departurestation", "")),
        "end": _station(facts.get("destinationstation", "")),
        "train": facts.get("trainnumber", ""),
        "departure": f"{travel} {facts['departuretime']}开" if facts.get("departuretime") else travel,
        "seat": f"{carriage}车{seat}" if carriage and "车" not in carriage else f"{carriage}{seat}",
        "level": level,
        "fare": _money(reading, "total").replace("¥", "￥"),
        "rate": values.rate(rate)[1] or "",
        "identity": facts.get("idnumber", ""),
        "passenger": _said(reading, "passenger"),
        "ticket": facts.get("eticketnumber", ""),
        "more": [[name, value] for name, value in more if value],
    }


def _station(name: str) -> str:
    """A station as tickets print it; the data leave 站 out."""
    return name if not name or name.endswith("站") else f"{name}站"


def _air(reading: Reading, root: Node) -> dict[str, Any]:
    facts = xbrl.facts(root)
    legs = [
        {
            "start": leg.get("departurestation", ""),
            "end": leg.get("destinationstation", ""),
            "carrier": leg.get("carrier", ""),
            "flight": leg.get("flight", ""),
            "class": leg.get("class", "") or leg.get("seatclass", ""),
            "day": _day(values.day(leg.get("carrierdate", ""))),
            "time": leg.get("departuretime", ""),
        }
        for leg in xbrl.legs(root)
    ]
    names = (
        ("票价", "fare"),
        ("燃油附加费", "fuelsurcharge"),
        ("增值税税率", "vatrate"),
        ("增值税税额", "vattaxamount"),
        ("民航发展基金", "civilaviationdevelopmentfund"),
        ("其他税费", "othertaxes"),
        ("合计", "totalamount"),
    )
    return _common(reading, _said(reading, "type")) | {
        "head": [["发票号码：", _said(reading, "number")], ["开具状态：", facts.get("issuingstatus", "")],
                 ["国内国际标识：", facts.get("markingofdomesticorinternational", "")]],
        "passenger": _said(reading, "passenger"),
        "identity": facts.get("valididnumber", ""),
        "endorsement": facts.get("endorsement", ""),
        "legs": legs,
        "parts": [[name, _part(key, facts.get(key, ""), reading)] for name, key in names],
        "ticket": facts.get("eticketnumber", "") or facts.get("electronicticketnum", ""),
        "check_code": _said(reading, "check_code"),
        "hint": facts.get("promptinformation", ""),
        "issuer": facts.get("issueparty", "") or _said(reading, "seller_name"),
        "remark": "",
    }  # fmt: skip


def _part(key: str, said: str, reading: Reading) -> str:
    """A part of the fare: CNY 550.46; the rate as 9%."""
    amount = values.money(said)
    if amount is None:
        return ""
    return (
        (values.rate(said)[1] or "")
        if key == "vatrate"
        else f"{_said(reading, 'currency') or 'CNY'} {amount:.2f}"
    )


def _foreign(reading: Reading, most_lines: int) -> dict[str, Any]:
    issued = reading.get("issue_date")
    head = [
        ["Number 号码：", _said(reading, "number")],
        ["Date 日期：", issued.isoformat() if issued else ""],
        ["Currency 币种：", _said(reading, "currency")],
        ["Refers to 原发票：", _said(reading, "red_of_number")],
    ]
    title = "Credit note 贷记单" if kind_of(_said(reading, "type")) == "credit-note" else "Invoice 发票"
    return _common(reading, title) | {
        "note": _FOREIGN_NOTE,
        "head": [[name, value] for name, value in head if value],
        "lines": [_line(line) for line in reading.lines[:most_lines]],
    }
