"""What an ``InvoiceSpec`` says, drawn from a seed. All names are made up."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.ingest.invoices.builder import CENT, InvoiceSpec, Item, Kind, Leg, Party

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
DIGITS = "零壹贰叁肆伍陆柒捌玖"
PRODUCTS = (
    ("*计算机外部设备*激光打印机", "HP-M1136", "台", "1090203010000000000"),
    ("*纸制品*A4复印纸", "70g 500张/包", "箱", "1060105040000000000"),
    ("*餐饮服务*餐费", "", "", "3070401000000000000"),
    ("*住宿服务*住宿费", "", "天", "3070402000000000000"),
    ("*信息技术服务*软件技术服务费", "", "项", "3040203000000000000"),
    ("*现代服务*咨询费", "", "次", "3040603000000000000"),
    ("*运输服务*客运服务费", "", "次", "3010101020000000000"),
    ("*文具*中性笔（黑色）0.5mm 子弹头 按动式", "K-35/0.5", "支", "1060401020000000000"),
    (
        "*电子计算机*便携式计算机 14英寸 i7-1360P/32GB/1TB 云灰色 三年上门服务",
        "ThinkBook 14 G6+ IRL",
        "台",
        "1090201000000000000",
    ),
    ("*谷物*有机大米", "5kg/袋", "袋", "1010101010000000000"),
    ("*图书*《会计档案管理办法》解读 & 实务 <第2版>", "16开", "册", "1060201010000000000"),
)
RATES = (("0.13", "13%"), ("0.09", "9%"), ("0.06", "6%"), ("0.03", "3%"), ("0.01", "1%"))
FREE = (("0", "免税"), ("0", "不征税"))
PLACES = (("11", "北京"), ("31", "上海"), ("44", "广东"), ("33", "浙江"), ("51", "四川"), ("65", "新疆"))
TRADES = (
    "商贸有限公司",
    "科技股份有限公司",
    "餐饮管理有限公司",
    "酒店（集团）有限责任公司",
    "信息技术有限公司第一分公司",
)
SEEDS = ("云杉", "青禾", "长风", "明澜", "宸宇", "鑫淼", "博衍", "翊航")
PEOPLE = ("王芳", "李雷", "欧阳明", "赵敏", "陈一", "阿依古丽·买买提")
STATIONS = ("上海虹桥", "北京南", "广州南", "杭州东", "成都东", "西安北", "哈尔滨西", "乌鲁木齐")
AIRPORTS = ("北京首都", "上海虹桥", "深圳宝安", "成都天府", "昆明长水", "三亚凤凰")


def reversed_of(spec: InvoiceSpec, draw: random.Random) -> InvoiceSpec:
    """The red invoice that takes back this one."""
    items = tuple(
        replace(
            item,
            amount=-item.amount,
            tax=-item.tax + 0,
            quantity=None if item.quantity is None else -item.quantity,
        )
        for item in spec.items
    )
    digits = len(spec.number) if spec.number.isdigit() else 8
    own = spec.number[:4] + "".join(draw.choices("0123456789", k=digits - 4)) if spec.is_digital else ""
    number = own or "".join(draw.choices("123456789", k=digits))
    return replace(
        spec,
        items=items,
        number=number,
        is_red=True,
        red_of_code=spec.code,
        red_of_number=spec.number,
        issue_date=min(
            spec.issue_date + timedelta(days=draw.randrange(0, 20)), date(spec.issue_date.year, 12, 31)
        ),
    )


def credit_code(draw: random.Random) -> str:
    """A unified social credit code that is right. Source: GB 32100."""
    body = f"91{draw.choice(PLACES)[0]}{draw.randrange(10000):04}" + "".join(draw.choices(ALPHABET, k=9))
    weighed = sum(ALPHABET.index(letter) * 3**place for place, letter in enumerate(body))
    return body + ALPHABET[-weighed % 31]


def in_capitals(amount: Decimal) -> str:
    """An amount below a 亿 in capitals, with 圆 as invoices print it."""
    fen = int(amount * 100)
    words = ""
    yuan = f"{fen // 100:08d}"
    for group, unit in ((yuan[:4], "万"), (yuan[4:], "")):
        part = ""
        for digit, place in zip(group, ("仟", "佰", "拾", ""), strict=True):
            if digit == "0":
                part += "零" if not part.endswith("零") else ""
            else:
                part += DIGITS[int(digit)] + place
        part = part.rstrip("零")
        if part:
            words += part + unit
    words = words.lstrip("零")
    jiao, cents = fen // 10 % 10, fen % 10
    if words:
        words += "圆"
    if not jiao and not cents:
        return (words or "零圆") + "整"
    if jiao:
        words += DIGITS[jiao] + "角"
    elif words:
        words += "零"
    return words + (DIGITS[cents] + "分" if cents else "整")


def _party(draw: random.Random, place: str) -> Party:
    return Party(
        name=f"{place}{draw.choice(SEEDS)}{draw.choice(TRADES)}",
        tax_id=credit_code(draw),
        address=f"{place}市测试路{draw.randrange(1, 999)}号",
        phone=f"0{draw.randrange(10, 99)}-{draw.randrange(10**7, 10**8)}",
        bank=f"测试银行{place}{draw.choice(SEEDS)}支行",
        account="".join(draw.choices("0123456789", k=19)),
    )


def goods(draw: random.Random, kind: Kind, count: int) -> InvoiceSpec:
    digital = kind in (Kind.DIGITAL, Kind.DIGITAL_SPECIAL)
    issued = date(2023, 1, 1) + timedelta(days=draw.randrange(0, 1200))
    if not digital and kind is not Kind.FOREIGN:
        issued = date(2019, 1, 1) + timedelta(days=draw.randrange(0, 1400))
    region, place = draw.choice(PLACES)
    if digital:
        code, check = "", ""
        number = f"{issued:%y}{region}{draw.choice('27')}" + "".join(draw.choices("0123456789", k=15))
    elif kind is Kind.FOREIGN:
        code, check, number = "", "", f"RE-{issued.year}-{draw.randrange(1, 99999):05}"
    else:
        length = 10 if kind is Kind.PAPER_SPECIAL else 12
        code = ("0" if length == 12 else "") + region + "00" + f"{issued:%y}"
        code += "".join(draw.choices("0123456789", k=length - len(code)))
        number = "".join(draw.choices("0123456789", k=8))
        check = "".join(draw.choices("0123456789", k=20))
    items: list[Item] = []
    while len(items) < count:
        items += _item(draw, kind, len(items) + 1 < count)
    seller, buyer = _party(draw, place), _party(draw, draw.choice(PLACES)[1])
    if kind is Kind.FOREIGN:
        seller = Party("Müller & Söhne Büromöbel GmbH", "DE123456789", "Lindenallee 5, Köln")
        buyer = Party("Spruce Testing Ltd.", "FR40303265045", "1 rue de l’Église, Lyon")
    return InvoiceSpec(
        kind=kind,
        code=code,
        number=number,
        check_code=check,
        issue_date=issued,
        seller=seller,
        buyer=buyer,
        items=tuple(items),
        remark=draw.choice(
            ("", "", "订单号：8832-19", f"购方开户银行:{buyer.bank}; 银行账号:{buyer.account}")
        ),
        drawer="" if kind is Kind.FOREIGN else draw.choice(PEOPLE),
        payee="" if digital else draw.choice(PEOPLE),
        reviewer="" if digital else draw.choice(PEOPLE),
        machine="" if digital else "".join(draw.choices("0123456789", k=12)),
        cipher=() if digital else tuple("".join(draw.choices("0123456789<>+-*/", k=27)) for _ in range(4)),
        place=place,
        currency="EUR" if kind is Kind.FOREIGN else "CNY",
    )


def _item(draw: random.Random, kind: Kind, may_discount: bool) -> list[Item]:
    """A line, and sometimes the discount line that belongs to it."""
    name, specification, unit, tax_class = draw.choice(PRODUCTS)
    if kind is Kind.FOREIGN:
        name, specification, unit, tax_class = (
            draw.choice(("Bürostuhl „Ergo“", "Desk <oak>", "Shipping & handling")),
            "",
            "C62",
            "",
        )
    special = kind in (Kind.DIGITAL_SPECIAL, Kind.ELECTRONIC_SPECIAL, Kind.PAPER_SPECIAL)
    rate, printed = draw.choice(RATES if special or draw.random() < 0.8 else FREE)
    if kind is Kind.FOREIGN:
        rate, printed = draw.choice((("0.19", "19%"), ("0.07", "7%"), ("0", "0%")))
    amount = Decimal(draw.choice((draw.randrange(100, 10_000), draw.randrange(10_000, 3_000_000)))) / 100
    quantity = unit_price = None
    if unit or draw.random() < 0.5:
        quantity = Decimal(draw.choice(("1", "2", "3", "10", "0.5", "12")))
        unit_price = (amount / quantity).quantize(Decimal("0.0000000001")).normalize()
        unit_price = unit_price.quantize(CENT) if unit_price == unit_price.quantize(CENT) else unit_price
    item = Item(
        name=name,
        specification=specification,
        unit=unit,
        quantity=quantity,
        unit_price=unit_price,
        amount=amount.quantize(CENT),
        rate=Decimal(rate),
        printed_rate=printed,
        tax=(amount * Decimal(rate)).quantize(CENT, ROUND_HALF_UP),
        tax_class=tax_class,
    )
    if not may_discount or draw.random() < 0.75:
        return [item]
    less = (-amount * Decimal(draw.randrange(1, 30)) / 100).quantize(CENT, ROUND_HALF_UP)
    discount = replace(
        item,
        specification="",
        unit="",
        quantity=None,
        unit_price=None,
        amount=less,
        tax=(less * Decimal(rate)).quantize(CENT, ROUND_HALF_UP) + 0,  # never -0.00
        is_discount=True,
    )
    return [item, discount]


def ticket(draw: random.Random, kind: Kind) -> InvoiceSpec:
    issued = date(2024, 11, 1) + timedelta(days=draw.randrange(0, 500))
    travel = issued - timedelta(days=draw.randrange(0, 30))
    region, _ = draw.choice(PLACES)
    start, end = draw.sample(STATIONS if kind is Kind.RAILWAY else AIRPORTS, 2)
    vehicle = f"G{draw.randrange(1, 9999)}" if kind is Kind.RAILWAY else f"MU{draw.randrange(1000, 9999)}"
    seat = f"{draw.randrange(1, 17):02}车{draw.randrange(1, 20):02}{draw.choice('ABCDF')}号"
    legs = [Leg(start, end, vehicle, f"{draw.randrange(6, 23):02}:{draw.randrange(60):02}", seat, travel)]
    if kind is Kind.AIR and draw.random() < 0.4:
        legs.append(
            Leg(end, start, f"MU{draw.randrange(1000, 9999)}", "19:05", "", travel + timedelta(days=2))
        )
    fare = Decimal(draw.randrange(2000, 300_000)) / 100
    rate = Decimal("0.09")
    extras: dict[str, Decimal] = {}
    if kind is Kind.AIR:
        fuel = Decimal(draw.choice(("0.00", "18.35", "45.87")))
        net = fare.quantize(CENT) + fuel
        extras = {
            "Fare": fare.quantize(CENT),
            "FuelSurcharge": fuel,
            "CivilAviationDevelopmentFund": Decimal("50.00"),
            "OtherTaxes": Decimal("0.00"),
        }
        tax = (net * rate).quantize(CENT, ROUND_HALF_UP)
    else:
        tax = (fare / (1 + rate) * rate).quantize(CENT, ROUND_HALF_UP)
        net = fare.quantize(CENT) - tax
    buyer = _party(draw, "上海")
    seller = Party("长风航空股份有限公司", credit_code(draw)) if kind is Kind.AIR else Party("", "")
    return InvoiceSpec(
        kind=kind,
        code="",
        number=f"{issued:%y}{region}9" + "".join(draw.choices("0123456789", k=15)),
        check_code="".join(draw.choices("0123456789", k=4)) if kind is Kind.AIR else "",
        issue_date=issued,
        seller=seller,
        buyer=Party(buyer.name, buyer.tax_id),
        items=(Item("客运服务", "", "", None, None, net, rate, "9%", tax, ""),),
        passenger=draw.choice(PEOPLE),
        legs=tuple(legs),
        ticket="".join(draw.choices("0123456789", k=13 if kind is Kind.AIR else 21)),
        extras=extras,
    )
