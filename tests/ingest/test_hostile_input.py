"""Whatever a stranger's file does, the answer is an answer or a coded refusal; the server goes on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import FileRefused
from ingest.models import DocumentState
from ingest.sandbox import Sandbox
from tests.ingest import samples
from tests.ingest.conftest import Desk

SEEDS: dict[str, Callable[[], bytes]] = {
    "pdf": lambda: samples.saved(samples.plain(2)),
    "typeset": samples.typeset,
    "active": lambda: samples.with_active("signed"),
    "jpeg": lambda: samples.turned_jpeg(6),
    "png": samples.picture,
}


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, list[tuple[int, bytes]], int]:
    name = draw(st.sampled_from(sorted(SEEDS)))
    edits = draw(st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=12)), max_size=8))
    return name, edits, draw(st.integers(0, 100))


def mutated(name: str, edits: list[tuple[int, bytes]], cut: int) -> bytes:
    data = bytearray(SEEDS[name]())
    for place, piece in edits:
        at = place % len(data)
        data[at : at + len(piece)] = piece
    return bytes(data[: len(data) - len(data) * cut // 200])


@given(mutations())
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_mutated_file_is_answered_or_refused_with_a_code(
    sandbox: Sandbox, mutation: tuple[str, list[tuple[int, bytes]], int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source", Path(folder) / "target"
        source.write_bytes(mutated(*mutation))
        is_picture = mutation[0] in ("jpeg", "png")
        steps: list[tuple[str, dict[str, object]]] = [
            ("check", {"media_type": "application/pdf", "most_pages": 10}),
            ("inspect", {}),
            ("text", {}),
            ("picture", {"page": 1, "width": 160, "target": str(target)}),
            ("repair", {"target": str(target)}),
        ]
        if is_picture:
            steps = [
                ("check", {"media_type": f"image/{mutation[0]}", "most_pages": 10}),
                ("image_to_pdf", {"target": str(target)}),
            ]
        for operation, options in steps:
            try:
                sandbox.run(operation, source, seconds=30, **options)
            except FileRefused as error:
                assert error.code != "file-refused"


@pytest.mark.parametrize("head", [b"%PDF-1.7\n", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"])
@given(body=st.binary(max_size=400))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_right_signature_with_any_body_is_refused_with_a_code(
    sandbox: Sandbox, head: bytes, body: bytes
) -> None:
    kind = {b"%PDF": "application/pdf", b"\xff\xd8\xff\xe0": "image/jpeg"}.get(head[:4], "image/png")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.write_bytes(head + body)
        with pytest.raises(FileRefused):
            sandbox.run("check", source, media_type=kind, most_pages=10)


def test_policy_may_refuse_files_that_act(desk: Desk) -> None:
    desk.runtime.settings.active_content = "refuse"

    refused = desk.process(samples.with_active("javascript"))
    taken = desk.process(samples.typeset())

    assert refused.state == DocumentState.REFUSED
    assert refused.refusal is not None and refused.refusal["code"] == "active-content-refused"
    assert taken.state == DocumentState.READY
