"""Tickets, itineraries and English invoices: drawings for ``invoice_pdfs``."""

from __future__ import annotations

from decimal import Decimal

from tests.ingest.invoice_pdfs import Drawing
from tests.ingest.invoices.builder import InvoiceSpec


def money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def figures(value: Decimal | None) -> str:
    return "" if value is None else format(value, "f")


def long_date(spec: InvoiceSpec, gap: str = "") -> str:
    return gap.join(
        (f"{spec.issue_date:%Y}", "年", f"{spec.issue_date:%m}", "月", f"{spec.issue_date:%d}", "日")
    )


# --- tickets


def railway(spec: InvoiceSpec) -> Drawing:
    """The railway's electronic ticket."""
    leg = spec.legs[0]
    page = Drawing(560, 320)
    page.label(280, 34, "电子发票（铁路电子客票）", 17, "center")
    page.label(30, 70, f"发票号码:{spec.number}", 10)
    page.label(380, 70, f"开票日期:{long_date(spec)}", 10)
    page.write(120, 112, f"{leg.start}站", 18, "center")
    page.write(280, 110, leg.vehicle, 18, "center")
    page.write(440, 112, f"{leg.end}站", 18, "center")
    page.write(120, 126, "Shimingzhan", 9, "center")
    page.write(440, 126, "Lingyizhan", 9, "center")
    page.write(40, 152, f"{leg.day:%Y年%m月%d日}", 12)
    page.write(180, 152, f"{leg.time}开", 12)
    page.write(290, 152, leg.seat, 12)
    page.write(430, 152, "二等座", 12)
    page.label(40, 182, "票价:", 12)
    page.write(70, 182, f"￥{money(spec.total)}", 12)
    page.write(40, 212, f"3101151990****{int(spec.number[-4:]):04d}", 12)
    page.write(200, 212, spec.passenger, 12)
    page.label(40, 240, f"电子客票号:{spec.ticket}", 10)
    page.label(40, 264, f"购买方名称:{spec.buyer.name}", 10)
    page.label(330, 264, f"统一社会信用代码:{spec.buyer.tax_id}", 10)
    page.label(280, 300, "买票请到12306 发货请到95306 中国铁路祝您旅途愉快", 9, "center")
    page.code = (f"https://example.org/ticket/{spec.ticket}", 470, 180, 60)
    return page


def air(spec: InvoiceSpec) -> Drawing:
    """The itinerary of an air ticket."""
    page = Drawing(690, 340)
    page.label(345, 30, "电子发票（航空运输电子客票行程单）", 16, "center")
    page.label(30, 56, f"发票号码：{spec.number}")
    page.label(500, 56, "开票状态：正常")
    page.label(30, 78, "旅客姓名", 9)
    page.label(190, 78, "有效身份证件号码", 9)
    page.label(420, 78, "签注", 9)
    page.write(30, 94, spec.passenger)
    page.write(190, 94, "3101151990****1234")
    page.write(420, 94, "不得签转")
    for x, name in (
        (170, "承运人"),
        (230, "航班号"),
        (300, "座位等级"),
        (360, "日期"),
        (450, "时间"),
        (510, "客票级别/客票类别"),
        (620, "免费行李"),
    ):
        page.label(x, 118, name)
    stops = [spec.legs[0].start, *(leg.end for leg in spec.legs)]
    for row, stop in enumerate(stops):
        y = 136 + 16 * row
        page.label(30, y, "自：" if row == 0 else "至：")
        page.write(52, y, f"{stop}")
        if row < len(spec.legs):
            leg = spec.legs[row]
            page.write(170, y, "东航")
            page.write(230, y, leg.vehicle)
            page.write(310, y, "Y")
            page.write(360, y, f"{leg.day:%Y年%m月%d日}")
            page.write(450, y, leg.time)
            page.write(520, y, "Y")
            page.write(625, y, "20KG")
    page.label(30, 136 + 16 * len(stops), "至：")
    page.write(52, 136 + 16 * len(stops), "VOID")
    for x, name, amount in (
        (30, "票价", spec.extras["Fare"]),
        (130, "燃油附加费", spec.extras["FuelSurcharge"]),
        (315, "增值税税额", spec.tax),
        (410, "民航发展基金", spec.extras["CivilAviationDevelopmentFund"]),
        (510, "其他税费", spec.extras["OtherTaxes"]),
        (600, "合计", spec.total),
    ):
        page.label(x, 224, name)
        page.write(x, 240, f"CNY {money(amount)}")
    page.label(225, 224, "增值税税率")
    page.write(240, 240, "9%")
    page.label(30, 264, f"电子客票号码：{spec.ticket[:3]}-{spec.ticket[3:]}")
    page.label(230, 264, f"验证码：{spec.check_code}")
    page.label(400, 264, "提示信息：")
    page.label(560, 264, "保险费：XXX")
    page.label(30, 284, "销售网点代号：08012345")
    page.label(230, 284, f"填开单位：{spec.seller.name}")
    page.label(470, 284, f"填开日期：{long_date(spec)}")
    page.label(30, 304, f"购买方名称：{spec.buyer.name}")
    page.label(330, 304, f"统一社会信用代码/纳税人识别号：{spec.buyer.tax_id}")
    return page


# --- in English


def foreign(spec: InvoiceSpec) -> list[Drawing]:
    """An invoice or a credit note in English."""
    pages = [Drawing(595, 842)]
    page = pages[0]
    is_credit = spec.is_red
    page.label(50, 60, "CREDIT NOTE" if is_credit else "INVOICE", 20)
    page.label(50, 90, f"From: {spec.seller.name}", 10)
    page.write(50, 104, spec.seller.address, 10)
    page.label(50, 118, f"VAT No.: {spec.seller.tax_id}", 10)
    page.label(330, 90, "Credit note no.:" if is_credit else "Invoice no.:", 10)
    page.write(430, 90, spec.number, 10)
    page.label(330, 104, "Invoice date:", 10)
    page.write(430, 104, f"{spec.issue_date:%d %B %Y}", 10)
    page.label(330, 118, "Due date:", 10)
    page.write(430, 118, "31 December 2031", 10)
    page.label(50, 160, f"Bill to: {spec.buyer.name}", 10)
    page.write(50, 174, spec.buyer.address, 10)
    page.label(50, 188, f"VAT No.: {spec.buyer.tax_id}", 10)
    y = 220.0
    _foreign_heading(page, y)
    for item in spec.items:
        y += 16
        if y > 780:
            page = Drawing(595, 842)
            pages.append(page)
            y = 60.0
            _foreign_heading(page, y)
            y += 16
        page.write(50, y, item.name, 9)
        page.write(300, y, figures(item.quantity), 9, "right")
        page.write(380, y, figures(item.unit_price), 9, "right")
        page.write(430, y, item.printed_rate, 9, "right")
        page.write(540, y, f"{item.amount:,.2f}", 9, "right")
    if y > 740:
        page = Drawing(595, 842)
        pages.append(page)
        y = 60.0
    for row, (name, amount) in enumerate((("Subtotal", spec.net), ("VAT", spec.tax), ("Total", spec.total))):
        page.label(380, y + 30 + 16 * row, name, 10)
        page.write(540, y + 30 + 16 * row, f"EUR {amount:,.2f}", 10, "right")
    return pages


def _foreign_heading(page: Drawing, y: float) -> None:
    for x, name, align in (
        (50, "Description", "left"),
        (300, "Quantity", "right"),
        (380, "Unit price", "right"),
        (430, "VAT %", "right"),
        (540, "Amount", "right"),
    ):
        page.label(x, y, name, 9, align)  # type: ignore[arg-type]
