"""The forms of Chinese invoices, filled with what an ``InvoiceSpec`` says: drawings for ``invoice_pdfs``."""

from __future__ import annotations

from decimal import Decimal

from tests.ingest import forms_of_tickets
from tests.ingest.forms_of_tickets import figures, long_date, money
from tests.ingest.invoice_pdfs import Drawing
from tests.ingest.invoices.builder import InvoiceSpec, Item, Kind, Party, qr_text

VAT_LINES = 10
"""On the older form; more go on a list behind it."""
DIGITAL_LINES = 17


def drawings(spec: InvoiceSpec) -> list[Drawing]:
    """The pages of an invoice."""
    if spec.kind in (Kind.DIGITAL, Kind.DIGITAL_SPECIAL):
        return digital(spec)
    if spec.kind is Kind.RAILWAY:
        return [forms_of_tickets.railway(spec)]
    if spec.kind is Kind.AIR:
        return [forms_of_tickets.air(spec)]
    if spec.kind is Kind.FOREIGN:
        return forms_of_tickets.foreign(spec)
    return vat(spec)


def wrapped(text: str, size: float, width: float) -> list[str]:
    """A text in lines of a column's width."""
    lines, line, used = [], "", 0.0
    for letter in text:
        step = size * (1.0 if ord(letter) > 0x2000 else 0.58)
        if used + step > width and line:
            lines.append(line)
            line, used = "", 0.0
        line += letter
        used += step
    return [*lines, line]


# --- 增值税发票, the older form: 215 by 140 mm

_VAT_COLUMNS = (
    ("货物或应税劳务、服务名称", 20, 172),
    ("规格型号", 172, 240),
    ("单位", 240, 272),
    ("数 量", 272, 322),
    ("单 价", 322, 390),
    ("金 额", 390, 478),
    ("税率", 478, 510),
    ("税 额", 510, 590),
)


def vat(spec: InvoiceSpec) -> list[Drawing]:
    """An electronic or paper VAT invoice, with its list when there are too many lines."""
    page = Drawing(610, 400)
    is_paper = spec.kind in (Kind.PAPER, Kind.PAPER_SPECIAL)
    page.code = (qr_text(spec), 24, 14, 54)
    page.label(305, 34, f"{spec.place}{spec.kind.value}", 17, "center")
    page.box(20, 88, 590, 372)
    if is_paper:
        _paper_head(page, spec)
    else:
        _electronic_head(page, spec)
    _vat_party(page, spec.buyer, 100, "购买方")
    page.stack(356, 104, "密码区", 18)
    for number, line in enumerate(spec.cipher):
        page.write(374, 102 + 13.5 * number, line, 10)
    has_list = sum(max(len(wrapped(one.name, 8, 146)), 1) for one in spec.items) > VAT_LINES
    _vat_table(page, spec, [] if has_list else list(spec.items))
    if has_list:
        page.write(24, 176, "(详见销货清单)", 8)
        page.write(474, 176, money(spec.net), 8, "right")
        page.write(586, 176, money(spec.tax), 8, "right")
    _vat_foot(page, spec)
    return [page, *_list(spec)] if has_list else [page]


def _electronic_head(page: Drawing, spec: InvoiceSpec) -> None:
    page.label(92, 62, "机器编号：", 9)
    page.write(140, 62, spec.machine)
    for row, (name, value) in enumerate(
        (
            ("发票代码：", spec.code),
            ("发票号码：", spec.number),
            ("开票日期：", long_date(spec, " ")),
            ("校 验 码：", " ".join(spec.check_code[at : at + 5] for at in range(0, 20, 5))),
        )
    ):
        page.label(430, 26 + 15 * row, name)
        page.write(478, 26 + 15 * row, value)


def _paper_head(page: Drawing, spec: InvoiceSpec) -> None:
    """On paper the code and number are printed large without a label, and again small."""
    page.write(92, 38, spec.code, 15)
    page.label(430, 40, "№", 15)
    page.write(450, 40, spec.number, 16)
    page.write(540, 30, spec.code, 8)
    page.write(540, 42, spec.number, 8)
    if spec.kind is Kind.PAPER:
        page.label(92, 62, "校验码")
        page.write(124, 62, " ".join(spec.check_code[at : at + 5] for at in range(0, 20, 5)))
    page.label(430, 66, "开票日期：")
    page.write(478, 66, long_date(spec))


def _vat_party(page: Drawing, party: Party, top: float, stack: str) -> None:
    page.stack(26, top + 6, stack, 15)
    for row, (name, value) in enumerate(
        (
            ("名    称：", party.name),
            ("纳税人识别号：", party.tax_id),
            ("地 址、电 话：", f"{party.address} {party.phone}"),
            ("开户行及账号：", f"{party.bank}{party.account}"),
        )
    ):
        page.label(44, top + 4 + 14 * row, name)
        page.write(110, top + 4 + 14 * row, value)


def _vat_table(page: Drawing, spec: InvoiceSpec, items: list[Item]) -> None:
    for name, left, right in _VAT_COLUMNS:
        page.label((left + right) / 2, 166, name, 9, "center")
        page.rules.append((right, 154, right, 288))
    y = 178.0
    for item in items:
        y = _row(page, item, y, 8, _VAT_COLUMNS, 10)
    page.label(96, 284, "合      计", 9, "center")
    page.write(474, 284, f"￥{money(spec.net)}", 9, "right")
    page.write(586, 284, f"￥{money(spec.tax)}" if spec.tax or not _is_free(spec) else "***", 9, "right")
    page.rules += [(20, 154, 590, 154), (20, 288, 590, 288), (20, 308, 590, 308)]


def _is_free(spec: InvoiceSpec) -> bool:
    return all(not item.printed_rate.endswith("%") for item in spec.items)


def _row(
    page: Drawing,
    item: Item,
    y: float,
    size: float,
    columns: tuple[tuple[str, float, float], ...],
    step: float,
) -> float:
    """A line of the table; the level of the next one."""
    at = {name.replace(" ", ""): (left, right) for name, left, right in columns}
    name_left, name_right = columns[0][1:]
    names = wrapped(item.name, size, name_right - name_left - 6)
    left, right = at["规格型号"]
    specifications = wrapped(item.specification, size, right - left - 4)
    for row, text in enumerate(names):
        page.write(name_left + 4, y + step * row, text, size)
    for row, text in enumerate(specifications):
        page.write(left + 3, y + step * row, text, size)
    left, right = at["单位"]
    page.write((left + right) / 2, y, item.unit, size, "center")
    for column, value in (("数量", item.quantity), ("单价", item.unit_price)):
        page.write(at[column][1] - 3, y, figures(value), size, "right")
    page.write(at["金额"][1] - 4, y, money(item.amount), size, "right")
    rate = next(name for name in at if name.startswith("税率"))
    page.write(sum(at[rate]) / 2, y, item.printed_rate, size, "center")
    tax = money(item.tax) if item.printed_rate.endswith("%") else "***"
    page.write(at["税额"][1] - 4, y, tax, size, "right")
    return y + step * max(len(names), len(specifications))


def _vat_foot(page: Drawing, spec: InvoiceSpec) -> None:
    page.label(96, 301, "价税合计（大写）", 9, "center")
    page.write(180, 301, f"⊗{spec.capitals}" if spec.cipher and not spec.is_red else spec.capitals, 10)
    page.label(440, 301, "（小写）")
    page.write(478, 301, f"￥{money(spec.total)}", 10)
    _vat_party(page, spec.seller, 316, "销售方")
    page.stack(356, 330, "备注", 22)
    for number, line in enumerate(wrapped(spec.full_remark, 8, 208)):
        page.write(374, 322 + 11 * number, line, 8)
    for x, name, value in (
        (30, "收款人：", spec.payee),
        (170, "复核：", spec.reviewer),
        (310, "开票人：", spec.drawer),
        (460, "销售方：（章）", ""),
    ):
        page.label(x, 386, name)
        page.write(x + 9 * len(name), 386, value)


def _list(spec: InvoiceSpec) -> list[Drawing]:
    """销货清单, on pages behind the invoice."""
    pages = []
    columns = (("货物（劳务）名称", 60, 172), *_VAT_COLUMNS[1:])
    for first in range(0, len(spec.items), 30):
        page = Drawing(610, 800)
        page.label(305, 40, "销售货物或者提供应税劳务清单", 15, "center")
        page.label(30, 64, f"购买方名称：{spec.buyer.name}")
        page.label(30, 78, f"销售方名称：{spec.seller.name}")
        page.label(30, 92, f"所属增值税电子普通发票代码：{spec.code}  号码：{spec.number}")
        page.label(40, 110, "序号", 9, "center")
        for name, left, right in columns:
            page.label((left + right) / 2, 110, name, 9, "center")
        y = 124.0
        for number, item in enumerate(spec.items[first : first + 30], start=first + 1):
            page.write(40, y, str(number), 8, "center")
            y = _row(page, item, y, 8, columns, 10)
        part = spec.items[first : first + 30]
        page.label(60, 770, "小计")
        page.write(474, 770, f"￥{money(sum((one.amount for one in part), Decimal()))}", 8, "right")
        page.write(586, 770, f"￥{money(sum((one.tax for one in part), Decimal()))}", 8, "right")
        pages.append(page)
    return pages


# --- 数电票: 210 by 140 mm

_DIGITAL_COLUMNS = (
    ("项目名称", 18, 118),
    ("规格型号", 118, 188),
    ("单 位", 188, 224),
    ("数 量", 224, 290),
    ("单 价", 290, 366),
    ("金 额", 366, 440),
    ("税率/征收率", 440, 500),
    ("税 额", 500, 578),
)


def digital(spec: InvoiceSpec) -> list[Drawing]:
    """A fully digitalised invoice; long ones on several pages with a sum on each."""
    parts = _in_pages(spec)
    return [_digital_page(spec, part, number, len(parts)) for number, part in enumerate(parts)]


def _in_pages(spec: InvoiceSpec) -> list[list[Item]]:
    parts: list[list[Item]] = [[]]
    used = 0
    for item in spec.items:
        high = max(len(wrapped(item.name, 9, 94)), len(wrapped(item.specification, 9, 66)))
        if used + high > DIGITAL_LINES:
            parts.append([])
            used = 0
        parts[-1].append(item)
        used += high
    return parts


def _digital_page(spec: InvoiceSpec, items: list[Item], number: int, count: int) -> Drawing:
    page = digital_head(spec)
    if count > 1:
        page.write(560, 82, f"共{count}页 第{number + 1}页", 8, "right")
    for name, left, right in _DIGITAL_COLUMNS:
        page.label((left + right) / 2, 154, name, 9, "center")
    y = 170.0
    for item in items:
        y = _row(page, item, y, 9, _DIGITAL_COLUMNS, 11)
    is_last = number == count - 1
    if count > 1:
        page.label(68, 364, "小        计", 9, "center")
        page.write(436, 364, f"￥{money(sum((one.amount for one in items), Decimal()))}", 9, "right")
        page.write(574, 364, f"￥{money(sum((one.tax for one in items), Decimal()))}", 9, "right")
    if is_last:
        digital_foot(page, spec)
    page.label(60, 454, "开票人：")
    page.write(100, 454, spec.drawer)
    return page


def digital_head(spec: InvoiceSpec) -> Drawing:
    """The page with title, number, date and parties."""
    page = Drawing(596, 460)
    page.code = (qr_text(spec), 20, 18, 60)
    page.label(298, 40, spec.kind.value, 18, "center")
    page.label(410, 46, "发票号码：")
    page.write(458, 46, spec.number)
    page.label(410, 64, "开票日期：")
    page.write(458, 64, long_date(spec))
    page.box(18, 88, 578, 440)
    for x, stack, party in ((22, "购买方信息", spec.buyer), (302, "销售方信息", spec.seller)):
        page.stack(x, 98, stack, 10)
        page.label(x + 16, 104, "名称：")
        for row, line in enumerate(wrapped(party.name, 9, 220)):
            page.write(x + 44, 104 + 11 * row, line)
        page.label(x + 16, 132, "统一社会信用代码/纳税人识别号：")
        page.write(x + 152, 132, party.tax_id)
    return page


def digital_foot(page: Drawing, spec: InvoiceSpec, sums: float = 378) -> None:
    """The sums, of which net and tax stand at the level ``sums``, and the remark."""
    page.label(68, sums, "合        计", 9, "center")
    page.write(436, sums, f"￥{money(spec.net)}", 9, "right")
    page.write(574, sums, f"￥{money(spec.tax)}" if not _is_free(spec) else "***", 9, "right")
    page.label(68, 396, "价税合计（大写）", 9, "center")
    page.write(180, 396, spec.capitals if spec.is_red else f"⊗{spec.capitals}", 10)
    page.label(400, 396, "（小写）")
    page.write(440, 396, f"￥{money(spec.total)}", 10)
    page.stack(22, 412, "备注", 14)
    for row, line in enumerate(wrapped(spec.full_remark, 9, 520)):
        page.write(38, 410 + 11 * row, line)
