"""The instructions of an evidence bundle, in one language. Plain text; a command stands four spaces in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from core.i18n import Translator
from retention.bundle_commands import SECTIONS, Check


def readme(text: Translator, checks: Sequence[Check], facts: dict[str, str]) -> str:
    """What the bundle is, what is in it, and each check with its command and what it should say."""
    lines = [f"# {text.text('bundle-title', **facts)}", ""]
    for paragraph in ("what", "trust", "contents", "how"):
        lines += [text.text(f"bundle-{paragraph}", **facts), ""]
    for section, found in groupby(sorted(checks, key=_order), key=lambda one: one.section):
        lines += [f"## {text.text(f'bundle-{section}')}", "", text.text(f"bundle-{section}-why"), ""]
        for one in found:
            lines.append(f"- {one.about}")
            lines += ["", *(f"    {line}" for line in one.command.split("\n")), ""]
            lines += [f"  {text.text('bundle-expect')} `{one.expect.strip()}`", ""]
    lines += [f"## {text.text('bundle-limits')}", "", text.text("bundle-limits-text"), ""]
    return "\n".join(lines)


def _order(one: Check) -> int:
    return SECTIONS.index(one.section)
