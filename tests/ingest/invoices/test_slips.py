"""Tickets, rolls, receipts and other small papers, as words that text or recognition gives."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.invoices import text
from ingest.invoices.facts import FIELDS, Source
from ingest.words import Page, Place, Word

Rows = list[list[tuple[float, str]]]

ROLL: Rows = [
    [(40, "江苏增值税普通发票（卷票）")],
    [(80, "发票联")],
    [(10, "发票代码：032001900107")],
    [(10, "发票号码：12345678")],
    [(10, "机打号码：12345678")],
    [(10, "机器编号：661234567890")],
    [(10, "销售方名称：南京云杉餐饮管理有限公司")],
    [(10, "纳税人识别号：91320000134767063W")],
    [(10, "开票日期：2021-05-06"), (130, "收款员：张三")],
    [(10, "购买方名称：上海青禾科技有限公司")],
    [(10, "纳税人识别号：91310000132203821H")],
    [(10, "项目"), (70, "单价"), (110, "数量"), (150, "金额")],
    [(10, "餐费"), (70, "128.00"), (115, "1"), (150, "128.00")],
    [(10, "合计金额（小写）：￥128.00")],
    [(10, "合计金额（大写）：壹佰贰拾捌圆整")],
    [(10, "校验码：12345678901234567890")],
]
TAXI: Rows = [
    [(40, "上海市出租汽车统一发票")],
    [(10, "发票代码"), (80, "131001900123")],
    [(10, "发票号码"), (80, "12345678")],
    [(10, "车号"), (80, "沪A·T1234")],
    [(10, "日期"), (80, "2019年05月03日")],
    [(10, "上车"), (80, "08:12")],
    [(10, "下车"), (80, "08:45")],
    [(10, "单价"), (80, "2.50")],
    [(10, "里程"), (80, "12.3")],
    [(10, "金额 ￥46.00元")],
    [(10, "实收 ￥47.00元")],
]
TOLL: Rows = [
    [(30, "江苏省高速公路车辆通行费发票")],
    [(10, "发票代码：132001912345")],
    [(10, "发票号码：00123456")],
    [(10, "入口：苏州北")],
    [(10, "出口：南京南")],
    [(10, "金额：85元")],
    [(10, "时间：2019-07-01 12:33:20")],
]
BLUE_TICKET: Rows = [
    [(20, "E012345"), (300, "检票：12B")],
    [(30, "上海虹桥站"), (170, "G1"), (260, "北京南站")],
    [(30, "Shanghaihongqiao"), (260, "Beijingnan")],
    [(30, "2019年05月03日09:00开"), (260, "05车12F号")],
    [(30, "￥553.0元"), (260, "二等座")],
    [(30, "限乘当日当次车")],
    [(30, "3101011990****1234张三")],
]
MACHINE: Rows = [
    [(60, "湖北省国家税务局通用机打发票")],
    [(10, "发票代码：142001912345")],
    [(10, "发票号码：00123456")],
    [(10, "开票日期：2018年03月02日"), (300, "行业分类：服务业")],
    [(10, "付款单位：武汉青禾科技有限公司")],
    [(10, "收款单位：武汉长风商贸有限公司")],
    [(10, "项目"), (150, "单价"), (220, "数量"), (300, "金额")],
    [(10, "咨询费"), (150, "500.00"), (220, "2"), (300, "1000.00")],
    [(10, "合计金额（大写）：壹仟元整"), (240, "（小写）：￥1000.00")],
    [(10, "开票人：李雷")],
]
QUOTA: Rows = [
    [(60, "上海市地方税务局通用定额发票")],
    [(10, "发票代码 231001912345")],
    [(10, "发票号码 00123456")],
    [(60, "壹佰元整")],
]
TOLL_VAT: Rows = [
    [(20, "通行费"), (150, "江苏增值税电子普通发票"), (430, "发票代码:032001900112")],
    [(430, "发票号码:12345678")],
    [(430, "开票日期:2020年05月01日")],
    [(430, "校验码:12345 67890 12345 67890")],
    [(30, "名    称：上海青禾科技有限公司")],
    [(30, "纳税人识别号：91310000132203821H")],
    [
        (30, "项目名称"),
        (110, "车牌号"),
        (160, "类型"),
        (200, "通行日期起"),
        (270, "通行日期止"),
        (350, "金 额"),
        (430, "税率"),
        (490, "税 额"),
    ],
    [
        (20, "*经营租赁*通行费"),
        (110, "苏A12345"),
        (160, "客车"),
        (200, "20200401"),
        (270, "20200430"),
        (350, "97.09"),
        (430, "3%"),
        (490, "2.91"),
    ],
    [(60, "合 计"), (345, "￥97.09"), (485, "￥2.91")],
    [(60, "价税合计（大写）"), (160, "壹佰圆整"), (400, "（小写）￥100.00")],
    [(30, "名    称：江苏高速公路有限公司")],
    [(30, "纳税人识别号：91320000134767063W")],
]
PAPER_ITINERARY: Rows = [
    [(100, "航空运输电子客票行程单"), (400, "印刷序号:1234567890 1")],
    [(30, "旅客姓名"), (150, "有效身份证件号码"), (400, "签注")],
    [(30, "张三"), (150, "310101199001011234"), (400, "不得签转")],
    [(130, "承运人"), (190, "航班号"), (250, "座位等级"), (310, "日期"), (400, "时间")],
    [(30, "自:上海虹桥"), (130, "东航"), (190, "MU5101"), (250, "Y"), (310, "2019-05-03"), (400, "08:00")],
    [(30, "至:北京首都")],
    [(30, "至:VOID")],
    [(130, "票价"), (220, "民航发展基金"), (320, "燃油附加费"), (420, "其他税费"), (500, "合计")],
    [(120, "CNY 1000.00"), (220, "CN 50.00"), (320, "YQ 20.00"), (500, "CNY 1070.00")],
    [(30, "电子客票号码:7811234567890"), (250, "验证码:1234"), (400, "保险费:XXX")],
    [(250, "填开单位:云杉航空服务有限公司"), (450, "填开日期:2019-05-01")],
]
ENGLISH: Rows = [
    [(30, "Acme Cloud Ltd"), (400, "TAX INVOICE")],
    [(30, "Invoice Number"), (200, "Date of Issue"), (350, "Due Date")],
    [(30, "INV-2025-0042"), (200, "Mar 5, 2025"), (350, "Apr 4, 2025")],
    [(30, "Bill To"), (300, "Currency: USD")],
    [(30, "Spruce Testing Ltd")],
    [(30, "Description"), (250, "Qty"), (320, "Price"), (420, "Amount")],
    [(30, "Cloud service"), (250, "2"), (320, "$1,200.00"), (420, "$2,400.00")],
    [(320, "Subtotal"), (420, "$2,400.00")],
    [(320, "Tax (10%)"), (420, "$240.00")],
    [(320, "Amount Due"), (420, "$2,640.00")],
]
SLIPS: dict[str, tuple[Rows, float, dict[str, Any]]] = {
    "roll": (
        ROLL,
        200,
        {
            "type": "增值税普通发票（卷票）",
            "code": "032001900107",
            "number": "12345678",
            "issue_date": date(2021, 5, 6),
            "seller_name": "南京云杉餐饮管理有限公司",
            "seller_tax_id": "91320000134767063W",
            "buyer_name": "上海青禾科技有限公司",
            "buyer_tax_id": "91310000132203821H",
            "total": Decimal("128.00"),
            "check_code": "12345678901234567890",
        },
    ),
    "taxi": (
        TAXI,
        200,
        {"code": "131001900123", "number": "12345678", "total": Decimal(47), "travel_date": date(2019, 5, 3)},
    ),
    "toll": (
        TOLL,
        200,
        {"code": "132001912345", "number": "00123456", "total": Decimal(85), "travel_date": date(2019, 7, 1)},
    ),
    "blue-ticket": (
        BLUE_TICKET,
        400,
        {
            "number": "E012345",
            "total": Decimal(553),
            "journey": "上海虹桥 → 北京南 G1",
            "passenger": "张三",
            "travel_date": date(2019, 5, 3),
        },
    ),
    "machine": (
        MACHINE,
        400,
        {
            "number": "00123456",
            "buyer_name": "武汉青禾科技有限公司",
            "seller_name": "武汉长风商贸有限公司",
            "total": Decimal(1000),
            "total_in_capitals": "壹仟元整",
            "drawer": "李雷",
        },
    ),
    "quota": (QUOTA, 300, {"number": "00123456", "total": Decimal(100)}),
    "toll-vat": (
        TOLL_VAT,
        600,
        {
            "net": Decimal("97.09"),
            "tax": Decimal("2.91"),
            "total": Decimal(100),
            "buyer_tax_id": "91310000132203821H",
            "seller_name": "江苏高速公路有限公司",
        },
    ),
    "paper-itinerary": (
        PAPER_ITINERARY,
        620,
        {
            "number": "7811234567890",
            "total": Decimal(1070),
            "passenger": "张三",
            "journey": "上海虹桥 → 北京首都 MU5101",
            "issue_date": date(2019, 5, 1),
            "travel_date": date(2019, 5, 3),
        },
    ),
    "english": (
        ENGLISH,
        500,
        {
            "number": "INV-2025-0042",
            "issue_date": date(2025, 3, 5),
            "net": Decimal(2400),
            "tax": Decimal(240),
            "total": Decimal(2640),
            "currency": "USD",
            "buyer_name": "Spruce Testing Ltd",
        },
    ),
}


def page_of(rows: Rows, width: float, size: float = 10) -> Page:
    """Rows of (x, text) in points as words, every row 16 points below the one before it."""
    height = (len(rows) + 2) * 16
    words = []
    for number, row in enumerate(rows, start=1):
        for x, said in row:
            long = size * sum(1.0 if ord(letter) > 0x2000 else 0.5 for letter in said)
            top, bottom = (16 * number - 0.86 * size) / height, (16 * number + 0.14 * size) / height
            words.append(Word(said, Place(1, x / width, top, min((x + long) / width, 1.0), bottom)))
    return tuple(words)


@pytest.mark.parametrize("source", [Source.TEXT, Source.OCR])
@pytest.mark.parametrize("name", SLIPS)
def test_small_papers_are_read(name: str, source: Source) -> None:
    rows, width, expected = SLIPS[name]
    read = text.read([page_of(rows, width)], source)
    assert read is not None
    assert {field: read.get(field) for field in expected} == expected


def test_contracts_that_speak_of_invoices_are_none() -> None:
    rows: Rows = [
        [(30, "采购合同")],
        [(30, "甲方应在收到乙方开具的增值税专用发票后十日内付款，合计人民币壹仟元整，即1000.00元。")],
        [(30, "合同编号：20250101001")],
    ]
    assert text.read([page_of(rows, 800)], Source.TEXT) is None


def test_blank_pages_and_scraps_are_none() -> None:
    assert text.read([], Source.TEXT) is None
    assert text.read([()], Source.OCR) is None
    assert text.read([page_of([[(10, "发票")], [(10, "¥1.00")]], 200)], Source.OCR) is None


def test_letters_taken_for_digits_are_put_right_and_trusted_less() -> None:
    rows = [[(x, said.replace("12345678", "I2E45678".replace("E", "3"))) for x, said in row] for row in TAXI]
    read = text.read([page_of(rows, 200)], Source.OCR)
    assert read is not None
    assert read.get("number") == "12345678"
    assert read.fields["number"].confidence < 0.9


def test_sums_that_do_not_add_up_are_unsure() -> None:
    rows = [
        [(x, said.replace("￥2.91", "￥2.97").replace("壹佰圆整", "")) for x, said in row] for row in TOLL_VAT
    ]
    read = text.read([page_of([[one for one in row if one[1]] for row in rows], 600)], Source.OCR)
    assert read is not None
    assert all(read.fields[name].confidence < 0.9 for name in ("net", "tax", "total"))


def test_number_that_is_not_of_the_year_of_its_date_is_unsure() -> None:
    rows: Rows = [
        [(200, "电子发票（普通发票）"), (420, "发票号码：24312000000123456789")],
        [(420, "开票日期：2025年03月02日")],
        [(60, "价税合计（大写）"), (160, "壹佰圆整"), (400, "（小写）￥100.00")],
    ]
    read = text.read([page_of(rows, 600)], Source.TEXT)
    assert read is not None
    assert read.fields["number"].confidence < 0.9


_LABELS = """发票代码： 发票号码： 开票日期： 名称： 合计 价税合计（大写） （小写） 税额 金额 数量 项目名称
备注 购 买 方 Invoice Total 壹佰圆整 ¥1.00 13% *** 2025年02月30日 票价 自： 至： 电子发票（普通发票）
增值税专用发票 出租车发票 火车票 G1"""
_PIECES = st.one_of(
    st.sampled_from(_LABELS.split()),
    st.text(max_size=30),
    st.text("0123456789.,¥-", max_size=24),
)
_PLACES = st.tuples(*[st.floats(-0.1, 1.1)] * 4)


@settings(max_examples=300, deadline=2000)
@given(
    st.lists(st.tuples(_PIECES, _PLACES, st.floats(0, 1)), max_size=60),
    st.sampled_from([Source.TEXT, Source.OCR]),
)
def test_any_words_give_a_reading_of_the_right_types_or_none(
    pieces: list[tuple[str, tuple[float, float, float, float], float]], source: Source
) -> None:
    page = tuple(Word(said, Place(1, *place), sure) for said, place, sure in pieces)
    read = text.read([page], source)
    for name, value in read.fields.items() if read else ():
        assert isinstance(value.value, FIELDS[name])
        assert 0 <= value.confidence <= 1


@pytest.mark.parametrize("said", ["壹" * 100_000, "1" * 100_000, "1," * 50_000, "购", "发票代码" * 10_000])
def test_endless_words_do_not_take_endless_time(said: str) -> None:
    rows: Rows = [[(10, "增值税普通发票")], *[[(10, said)]] * 300]
    started = time.monotonic()
    text.read([page_of(rows, 600)], Source.OCR)
    assert time.monotonic() - started < 10
