"""What an OFD says of its invoice besides the pages: CustomDatas, and the tags that name its text objects.

数电票 carry name and value pairs in ``OFD.xml``; makers of both kinds tag what stands where on the page
(GB/T 33190, 16), with the words of the e-invoice's XML.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Final

from lxml import etree

from ingest.errors import FileRefused
from ingest.invoices import xml
from ingest.invoices.facts import Reading, Source, Value
from ingest.invoices.values import Fields
from ingest.ofd.document import OfdDocument
from ingest.ofd.markup import Element, children, said
from ingest.ofd.package import Package, folder
from ingest.words import Place

_TEXTS: Final = {
    "发票类型": "type",
    "发票种类": "type",
    "发票名称": "type",
    "发票代码": "code",
    "发票号码": "number",
    "数电票号码": "number",
    "校验码": "check_code",
    "购买方名称": "buyer_name",
    "购方名称": "buyer_name",
    "购买方纳税人识别号": "buyer_tax_id",
    "购方纳税人识别号": "buyer_tax_id",
    "购买方统一社会信用代码": "buyer_tax_id",
    "销售方名称": "seller_name",
    "销方名称": "seller_name",
    "销售方纳税人识别号": "seller_tax_id",
    "销方纳税人识别号": "seller_tax_id",
    "销售方统一社会信用代码": "seller_tax_id",
    "价税合计大写": "total_in_capitals",
    "备注": "remark",
    "开票人": "drawer",
    "乘车人": "passenger",
    "旅客姓名": "passenger",
}
_AMOUNTS: Final = {
    "合计金额": "net",
    "不含税金额": "net",
    "合计税额": "tax",
    "税额": "tax",
    "价税合计": "total",
    "价税合计小写": "total",
    "价税合计金额": "total",
    "票价": "total",
}
_DAYS: Final = {"开票日期": "issue_date", "填开日期": "issue_date", "乘车日期": "travel_date"}
MOST: Final = 500
_MOST_TAGS: Final = 20_000


def pairs(document: OfdDocument) -> dict[str, str]:
    """The names and values of CustomDatas."""
    found: dict[str, str] = {}
    if document.body is None:
        return found
    for one in list(document.body.iter("CustomData"))[:MOST]:
        name = "".join((one.get("Name") or "").split()).strip(":：()（）")
        if name and one.text:
            found.setdefault(name.replace("（", "").replace("）", ""), str(one.text).strip())
    return found


def reading(document: OfdDocument, origin: str = "OFD.xml") -> Reading | None:
    """The reading of CustomDatas; None when they name no invoice."""
    fields = Fields()
    for name, value in pairs(document).items():
        if name in _TEXTS:
            fields.text(_TEXTS[name], value)
        elif name in _AMOUNTS:
            fields.money(_AMOUNTS[name], value)
        elif name in _DAYS:
            fields.day(_DAYS[name], value)
    if "number" not in fields:
        return None
    if "net" in fields or "total" in fields:
        fields.put("currency", "CNY", "")
    return Reading(Source.XML, fields, (), origin)


def tagged(
    package: Package, document: OfdDocument, texts: Mapping[str, str], places: Mapping[str, Place]
) -> Reading | None:
    """The reading of custom tags: every tag replaced by the text of the objects that it refers to."""
    for path, root in _tag_files(package, document):
        filled = copy.deepcopy(root)
        placed: dict[str, Place] = {}
        if not _fill(filled, texts, places, placed):
            continue
        found = xml.read(etree.tostring(filled, encoding="utf-8"), path)
        if found is not None and found.fields:
            fields = {name: _placed(value, placed) for name, value in found.fields.items()}
            return Reading(Source.XML, fields, found.lines, found.origin)
    return None


def _tag_files(package: Package, document: OfdDocument) -> list[tuple[str, Element]]:
    found: list[tuple[str, Element]] = []
    for listed in children(document.root, "CustomTags"):
        path = package.find(str(listed.text or ""), document.folder)
        if path is None:
            continue
        try:
            for one in package.tree(path).iter("CustomTag"):
                inner = package.find(said(one, "FileLoc"), folder(path), document.folder)
                if inner is not None and len(found) < 20:
                    found.append((inner, package.tree(inner)))
        except FileRefused:
            continue
    return found


def _fill(
    root: Element, texts: Mapping[str, str], places: Mapping[str, Place], placed: dict[str, Place]
) -> bool:
    """Put texts where references are; ``placed`` gets the place of each text. Whether there were any."""
    count = 0
    for element in list(root.iter(etree.Element)):
        references = list(children(element, "ObjectRef", "ObjectData"))
        if not references:
            continue
        identifiers = [str(one.text or "").strip() for one in references]
        element.text = "".join(texts.get(identifier, "") for identifier in identifiers)
        around: Place | None = None
        for one, identifier in zip(references, identifiers, strict=True):
            element.remove(one)
            here = places.get(identifier)
            if here is not None and (around is None or around.page == here.page):
                around = here if around is None else around.joined(here)
        if element.text and around is not None:
            placed.setdefault(element.text.strip(), around)
        count += bool(element.text)
        if count > _MOST_TAGS:
            break
    return count > 0


def _placed(value: Value, placed: Mapping[str, Place]) -> Value:
    place = placed.get(value.raw.strip())
    return Value(value.value, value.raw, place, value.confidence) if place else value
