"""数电票 of trades with columns and tables of their own, and fiscal e-bills: drawings for ``invoice_pdfs``.

Source of the trades: 国家税务总局公告 2024 年第 11 号, 附件 (特定业务).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.ingest.forms_of_tickets import figures, money
from tests.ingest.invoice_forms import digital_foot, digital_head, wrapped
from tests.ingest.invoice_pdfs import Drawing
from tests.ingest.invoices.builder import InvoiceSpec, Item


@dataclass(frozen=True)
class Column:
    """A column with what stands in it: text is wrapped and left, numbers are right."""

    name: str
    left: float
    right: float
    value: Callable[[Item], str]
    align: Literal["left", "right", "center"] = "right"


NAME = Column("项目名称", 18, 118, lambda item: item.name, "left")
SPECIFICATION = Column("规格型号", 118, 188, lambda item: item.specification, "left")
UNIT = Column("单 位", 188, 224, lambda item: item.unit, "center")
PRICE = Column("单 价", 224, 300, lambda item: figures(item.unit_price))
QUANTITY = Column("数 量", 300, 366, lambda item: figures(item.quantity))
AMOUNT = Column("金 额", 366, 440, lambda item: money(item.amount))
RATE = Column("税率/征收率", 440, 500, lambda item: item.printed_rate, "center")
TAX = Column("税 额", 500, 578, lambda item: money(item.tax) if item.printed_rate.endswith("%") else "***")
SUMS = (AMOUNT, RATE, TAX)


def _fixed(name: str, left: float, right: float, *values: str) -> Column:
    """A column of words that are no fact of an invoice: the same in every line."""
    return Column(name, left, right, lambda item: "" if item.is_discount else "".join(values), "left")


@dataclass(frozen=True)
class Trade:
    """A trade: its name as printed, its columns, and the rows of its own table below them."""

    name: str
    columns: tuple[Column, ...]
    table: tuple[tuple[str, ...], ...] = ()


TRADES = {
    "passengers": Trade(
        "旅客运输服务",
        (NAME, PRICE, QUANTITY, *SUMS),
        (
            ("出行人", "有效身份证件号", "出行日期", "出发地", "到达地", "等级", "交通工具类型"),
            ("张三", "310101********0011", "2026-03-02", "上海虹桥站", "人民广场", "", "出租车"),
        ),
    ),
    "passengers-empty": Trade(
        "旅客运输服务",
        (NAME, PRICE, QUANTITY, *SUMS),
        (("出行人", "有效身份证件号", "出行日期", "出发地", "到达地", "等级", "交通工具类型"),),
    ),
    "freight": Trade(
        "货物运输服务",
        (NAME, SPECIFICATION, UNIT, QUANTITY, PRICE, *SUMS),
        (
            ("运输工具种类", "运输工具牌号", "起运地", "到达地", "运输货物名称"),
            ("公路运输", "沪A12345", "上海市", "江苏省苏州市", "办公家具"),
        ),
    ),
    "construction": Trade(
        "建筑服务",
        (
            NAME,
            _fixed("建筑服务发生地", 118, 230, "上海市浦东新区", "测试路1号"),
            _fixed("建筑项目名称", 230, 366, "云杉测试中心二期装修工程"),
            *SUMS,
        ),
    ),
    "lease": Trade(
        "不动产经营租赁服务",
        (
            NAME,
            _fixed("产权证书/不动产权证号", 118, 224, "沪房地浦字2019第001234号"),
            _fixed("面积单位", 224, 264, "平方米"),
            Column("数 量", 264, 310, lambda item: figures(item.quantity)),
            Column("单 价", 310, 376, lambda item: figures(item.unit_price)),
            Column("金 额", 376, 440, lambda item: money(item.amount)),
            RATE,
            TAX,
        ),
        (("租赁期起止", "2026-01-01 2026-12-31", "跨地市标志", "否"),),
    ),
    "toll": Trade(
        "通行费",
        (
            NAME,
            _fixed("车牌号", 118, 180, "沪A12345"),
            _fixed("类型", 180, 220, "客车"),
            _fixed("通行日期起", 220, 290, "20260227"),
            _fixed("通行日期止", 290, 366, "20260227"),
            *SUMS,
        ),
    ),
}


def digital_of(spec: InvoiceSpec, trade: Trade) -> list[Drawing]:
    """A 数电票 of a trade, on one page."""
    page = digital_head(spec)
    page.label(120, 64, trade.name, 10)
    for column in trade.columns:
        page.label((column.left + column.right) / 2, 154, column.name, 9, "center")
    y = 170.0
    for item in spec.items:
        y += 11 * max(_written(page, item, column, y) for column in trade.columns)
    digital_foot(page, spec, sums=330 if trade.table else 378)
    for row, words in enumerate(trade.table):
        step = 540 / max(len(words), 1)
        for at, word in enumerate(words):
            page.write(24 + step * (at + 0.5), 346 + 13 * row, word, 9, "center")
    page.label(60, 454, "开票人：")
    page.write(100, 454, spec.drawer)
    return [page]


def _written(page: Drawing, item: Item, column: Column, y: float) -> int:
    """Write a cell; how many lines it took."""
    text = column.value(item)
    if column.align != "left":
        x = (column.left + column.right) / 2 if column.align == "center" else column.right - 4
        page.write(x, y, text, 9, column.align)
        return 1
    lines = wrapped(text, 9, column.right - column.left - 8)
    for row, line in enumerate(lines):
        page.write(column.left + 4, y + 11 * row, line)
    return len(lines)


# --- 财政电子票据


@dataclass(frozen=True)
class Bill:
    """A fiscal e-bill: what an ``InvoiceSpec`` has no place for."""

    name: str
    spec: InvoiceSpec
    code: str
    number: str
    check_code: str
    in_halves: bool = False
    """With a table that stands twice, side by side."""


def fiscal(bill: Bill) -> list[Drawing]:
    """A fiscal e-bill as hospitals give it out."""
    page, spec = Drawing(600, 420), bill.spec
    page.label(300, 40, bill.name, 16, "center")
    for x, y, name, value in (
        (60, 80, "票据代码：", bill.code),
        (380, 80, "票据号码：", bill.number),
        (60, 96, "交款人统一社会信用代码：", spec.buyer.tax_id),
        (380, 96, "校验码：", bill.check_code),
        (60, 112, "交款人：", spec.buyer.name),
        (380, 112, "开票日期：", spec.issue_date.isoformat()),
    ):
        page.label(x, y, name, 10)
        page.write(x + 10 * len(name), y, value, 10)
    page.box(50, 124, 570, 360)
    starts = (56, 316) if bill.in_halves else (56,)
    wide = 250 if bill.in_halves else 500
    for x in starts:
        for share, name in ((0.0, "项目名称"), (0.42, "数量/单位"), (0.66, "金额（元）"), (0.9, "备注")):
            page.label(x + share * wide, 140, name, 9)
    for number, item in enumerate(spec.items):
        x, y = starts[number % len(starts)], 156 + 14 * (number // len(starts))
        page.write(x, y, item.name, 9)
        page.write(x + 0.42 * wide, y, f"{figures(item.quantity)}/{item.unit}", 9)
        page.write(x + 0.66 * wide + 40, y, money(item.amount), 9, "right")
    page.label(56, 300, "金额合计（大写）", 10)
    page.write(140, 300, spec.capitals.replace("圆", "元"), 10)
    page.label(400, 300, "（小写）", 10)
    page.write(450, 300, money(spec.total), 10)
    page.label(56, 318, "业务流水号：202603020002043    医疗机构类型：综合医院    性别：女", 8)
    page.label(
        56, 330, "医保统筹基金支付：0.00    其他支付：0.00    个人账户支付：0.00    个人现金支付：12.34", 8
    )
    page.label(56, 380, f"收款单位（章）：{spec.seller.name}", 10)
    page.label(330, 380, "复核人：王芳", 10)
    page.label(460, 380, "收款人：李雷", 10)
    return [page]
