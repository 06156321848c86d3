"""What the guides say is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

from core.settings import Settings
from workflow.flows import parse_flow

DOCS = Path(__file__).parents[2] / "docs"


def test_the_administrator_guide_names_every_setting_and_no_other() -> None:
    named = set(re.findall(r"\| `VERMILION_([A-Z0-9_]+)` \|", (DOCS / "administrator.md").read_text("utf-8")))
    assert named == {name.upper() for name in Settings.model_fields}


def test_the_example_flow_of_the_guide_can_be_added() -> None:
    example = re.search(r"```yaml\n(.*?)```", (DOCS / "flows.md").read_text("utf-8"), re.DOTALL)
    assert example is not None
    assert parse_flow(example[1]).key == "leave"


def test_every_link_between_the_pages_leads_somewhere() -> None:
    pages = [DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md", *DOCS.rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
