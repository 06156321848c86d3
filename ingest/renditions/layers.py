"""Optional content made permanent: what is shown when the file is opened stays, the rest goes."""

from __future__ import annotations

from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Operator, Stream

from ingest.renditions.appearances import annotations_of
from ingest.renditions.content import Drawing, drawings

_PATHS: Final = frozenset({"S", "s", "f", "F", "f*", "B", "B*", "b", "b*"})
_PAINTS: Final = frozenset({"Tj", "TJ", "sh", "Do", "INLINE IMAGE", "BI"})
_DEEPEST: Final = 20


def settle(document: pikepdf.Pdf) -> None:
    """Remove what is not shown and all control over it. Does nothing where there are no layers."""
    properties = document.Root.get("/OCProperties")
    if not isinstance(properties, Dictionary):
        return
    shown = _Shown(properties)
    for page in document.pages:
        if "/Annots" in page.obj:
            kept = [one for one in annotations_of(page.obj) if shown.is_shown(one.get("/OC"))]
            page.obj.Annots = Array(kept)
    for drawing in list(drawings(document)):
        _settle(document, drawing, shown)
    for item in document.objects:
        if isinstance(item, Stream) and "/OC" in item:
            if not shown.is_shown(item.get("/OC")):
                _empty(item)
            if "/OC" in item:
                del item["/OC"]
        elif isinstance(item, Dictionary) and "/OC" in item and "/Rect" in item:
            del item["/OC"]
    del document.Root["/OCProperties"]


class _Shown:
    """The state of groups in the default configuration, as PDFium reads it."""

    def __init__(self, properties: Any) -> None:
        configuration = properties.get("/D")
        configuration = configuration if isinstance(configuration, Dictionary) else Dictionary()
        self._base = str(configuration.get("/BaseState", "/ON")) != "/OFF"
        self._on = _ids(configuration.get("/ON"))
        self._off = _ids(configuration.get("/OFF"))

    def is_shown(self, layer: Any, depth: int = 0) -> bool:
        """Whether a group (OCG) or a membership (OCMD) is visible; what is neither is."""
        if not isinstance(layer, Dictionary) or depth > _DEEPEST:
            return True
        if str(layer.get("/Type", "")) != "/OCMD":
            return self._group(layer)
        if isinstance(layer.get("/VE"), Array):
            return self._expression(layer.VE, depth)
        groups = layer.get("/OCGs")
        listed = list(groups) if isinstance(groups, Array) else [groups]
        states = [self._group(one) for one in listed if isinstance(one, Dictionary)]
        if not states:
            return True
        policy = str(layer.get("/P", "/AnyOn"))
        if policy == "/AllOn":
            return all(states)
        if policy == "/AnyOff":
            return not all(states)
        return not any(states) if policy == "/AllOff" else any(states)

    def _group(self, group: Any) -> bool:
        usage = group.get("/Usage")
        view = usage.get("/View") if isinstance(usage, Dictionary) else None
        if isinstance(view, Dictionary) and "/ViewState" in view:
            return str(view["/ViewState"]) != "/OFF"
        if group.objgen in self._off:
            return False
        return group.objgen in self._on or self._base

    def _expression(self, expression: Any, depth: int) -> bool:
        """A visibility expression (ISO 32000-1, 8.11.2.2)."""
        if depth > _DEEPEST or not len(expression):
            return True
        parts = [
            self._expression(one, depth + 1) if isinstance(one, Array) else self.is_shown(one, depth + 1)
            for one in list(expression)[1:]
        ]
        operator = str(expression[0])
        if operator == "/Not":
            return not parts[0] if parts else True
        return any(parts) if operator == "/Or" else all(parts)


def _ids(groups: Any) -> frozenset[tuple[int, int]]:
    listed = groups if isinstance(groups, Array) else ()
    return frozenset(one.objgen for one in listed if isinstance(one, Dictionary))


def _empty(stream: Any) -> None:
    """A form or picture that is never shown becomes a form that draws nothing."""
    for key in list(stream.keys()):
        if key != "/Length":
            del stream[key]
    stream.write(b"")
    stream.Type, stream.Subtype = Name.XObject, Name.Form
    stream.BBox, stream.Resources = Array([0, 0, 0, 0]), Dictionary()


def _settle(document: pikepdf.Pdf, drawing: Drawing, shown: _Shown) -> None:
    properties = drawing.resources.get("/Properties")
    kept: list[Any] = []
    marks: list[tuple[bool, bool]] = []  # for each open mark: is it a layer, is it hidden
    changed = False
    for instruction in drawing.instructions():
        operator = str(instruction.operator)
        if operator in ("BDC", "BMC"):
            is_layer = operator == "BDC" and str(instruction.operands[0]) == "/OC"
            layer = _named(instruction.operands[1], properties) if is_layer else None
            marks.append((is_layer, is_layer and not shown.is_shown(layer)))
            changed = changed or is_layer
            if is_layer:
                continue
        elif operator == "EMC" and marks:
            if marks.pop()[0]:
                continue
        elif any(hidden for _, hidden in marks):
            instruction = _unpainted(instruction, operator)
            if instruction is None:
                continue
        kept.append(instruction)
    if changed:
        drawing.rewrite(document, kept)


def _named(operand: Any, properties: Any) -> Any:
    if isinstance(operand, Name) and isinstance(properties, Dictionary):
        return properties.get(operand)
    return operand


def _unpainted(instruction: Any, operator: str) -> Any:
    """What is left of an instruction in a hidden layer: changes of state stay, nothing is painted."""
    if operator in _PATHS:
        return pikepdf.ContentStreamInstruction([], Operator("n"))
    if operator in _PAINTS:
        return None
    if operator in ("'", '"'):
        return pikepdf.ContentStreamInstruction([], Operator("T*"))
    return instruction
