"""The report of a verification as PDF/A-2b: every finding, in one language."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import typst

from core import fonts
from core.i18n import Language, Translator, translator
from signing.glyphs import drawable
from signing.verification.verdict import Verdict

_TEMPLATE: Final = Path(__file__).with_name("verification_report.typ")
_ONE_AT_A_TIME: Final = threading.Lock()
_MOST_LINES: Final = 200


def typeset(
    verdict: Verdict,
    file: str,
    language: Language,
    *,
    organisation: str,
    at: datetime,
    zone: ZoneInfo,
    entries: Mapping[int, str] | None = None,
) -> bytes:
    """The report, unsigned. ``entries`` names the register's entry by the signature's number (from 0).

    The same data give the same bytes.
    """
    data = json.dumps(
        _drawn(_plain(verdict, file, language, organisation, at, zone, entries or {})), ensure_ascii=False
    )
    with _ONE_AT_A_TIME:
        made: Any = _compiler().compile(
            sys_inputs={"report": data},
            pdf_standards=["a-2b"],
            timestamp=at.replace(microsecond=0),
            pdf_tags=False,
        )
    return bytes(made) + b"\n"


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(input=str(_TEMPLATE), font_paths=[str(fonts.folder())], ignore_system_fonts=True)


def _drawn(value: Any) -> Any:
    """What the font cannot draw becomes □, so that no name stops a report."""
    if isinstance(value, str):
        return drawable(value)
    if isinstance(value, dict):
        return {key: _drawn(one) for key, one in value.items()}
    return [_drawn(one) for one in value] if isinstance(value, list) else value


def _plain(
    verdict: Verdict,
    file: str,
    language: Language,
    organisation: str,
    at: datetime,
    zone: ZoneInfo,
    entries: Mapping[int, str],
) -> dict[str, Any]:
    text, facts = translator(language), verdict.to_json(file, language)
    signatures = [
        _signature(text, one, zone, entries.get(number)) for number, one in enumerate(facts["signatures"])
    ]
    return {
        "lang": "zh" if language == "zh-CN" else "en",
        "title": text.text("verification-report"),
        "organisation": organisation,
        "verdict": facts["verdict"],
        "word": text.text(f"report-verdict-{facts['verdict']}"),
        "sentence": verdict.sentence(language),
        "file": [
            [text.text("report-file"), file or "–"],
            ["SHA-256", facts["sha256"]],
            [text.text("report-checked"), _moment(at, zone)],
            [text.text("report-revisions"), str(facts["revisions"] or "–")],
            [text.text("report-evidence"), text.text(f"report-{str(facts['archived']).lower()}")],
        ],
        "problems": [one["message"] for one in facts["problems"]][:_MOST_LINES],
        "warnings": [one["message"] for one in facts["warnings"]],
        "changes": [_changed(text, one) for one in facts["changes"]][:_MOST_LINES],
        "signatures": signatures,
        "labels": {name: text.text(f"report-{name}") for name in ("problems", "warnings", "changes")},
        "footer": text.text("report-footer"),
    }


def _signature(text: Translator, one: dict[str, Any], zone: ZoneInfo, entry: str | None) -> dict[str, Any]:
    is_broken = one["intact"] is False or one["changes_after"] == "forbidden" or one["covers"] == "part"
    is_good = one["intact"] and one["trusted"] and one["changes_after"] in ("none", "allowed")
    tone = "invalid" if is_broken else "valid" if is_good else "indeterminate"
    shown = [
        (text.text("report-field"), one["field"]),
        (text.text("report-signed"), _instant(one["signed_at"], zone)),
        (text.text("report-stamped"), _instant(one["timestamped_at"], zone)),
        (text.text("report-reason"), one["reason"]),
        (text.text("report-level"), one["level"]),
        (text.text("report-algorithm"), one["algorithm"]),
        (text.text("report-intact"), text.text(f"report-{str(one['intact']).lower()}")),
        (text.text("report-trusted"), text.text(f"report-{str(one['trusted']).lower()}")),
        (text.text("report-covers"), text.text(f"report-covers-{one['covers']}")),
        (text.text("report-after"), text.text(f"report-changes-{one['changes_after']}")),
        (text.text("report-entry"), entry),
    ]
    return {
        "name": one["signer"] or text.text("report-unknown"),
        "kind": text.text(f"report-type-{one['type']}"),
        "tone": tone,
        "state": text.text(f"report-verdict-{tone}"),
        "facts": [[label, value] for label, value in shown if value],
        "problems": [problem["message"] for problem in one["problems"]][:_MOST_LINES],
    }


def _changed(text: Translator, one: dict[str, Any]) -> str:
    mark = {True: "", False: " ✗", None: " ?"}[one["allowed"]]
    return text.text("report-change", revision=one["revision"], change=one["message"]) + mark


def _instant(said: str | None, zone: ZoneInfo) -> str | None:
    return _moment(datetime.fromisoformat(said), zone) if said else None


def _moment(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:]}"
