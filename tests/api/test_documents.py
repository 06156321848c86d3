"""Documents over HTTP: uploads, limits, bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from core.models import AuditEntry
from ingest.models import Document
from tests.api.world import World, make_pdf

UPLOADS = "/api/v1/documents"


def documents(world: World) -> int:
    with world.runtime.database.read() as session:
        return session.scalar(select(func.count()).select_from(Document)) or 0


def entries(world: World, action: str) -> list[AuditEntry]:
    with world.runtime.database.read() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_one_refused_file_does_not_stop_the_others(world: World) -> None:
    files = [("files", (name, data)) for name, data in (
        ("good.pdf", make_pdf()), ("empty.pdf", b""), ("virus.exe", b"MZ" * 250), ("two.pdf", make_pdf(2)),
    )]  # fmt: skip

    answer = world.client("staff").post(UPLOADS, files=files, data={"kind": "attachment"})

    results = answer.json()["results"]
    assert answer.status_code == 201
    assert [one["file"] for one in results] == ["good.pdf", "empty.pdf", "virus.exe", "two.pdf"]
    assert [one["error"] and one["error"]["code"] for one in results] == [
        None, "file-empty", "type-not-accepted", None
    ]  # fmt: skip
    assert [bool(one["document_id"]) for one in results] == [True, False, False, True]


def test_an_upload_of_refused_files_only_is_a_problem_that_names_each(world: World) -> None:
    files = [("files", ("a.exe", b"MZ" * 9)), ("files", ("b.pdf", b""))]

    answer = world.client("staff").post(UPLOADS, files=files)

    assert (answer.status_code, answer.json()["code"]) == (422, "files-refused")
    assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [
        ("files.0", "type-not-accepted"), ("files.1", "file-empty")
    ]  # fmt: skip


def test_a_file_beyond_the_limit_is_refused_with_the_limit(world: World) -> None:
    answer = world.client("staff").post(UPLOADS, files=[("files", ("big.pdf", b"%PDF-" + b"x" * 300_000))])

    assert (answer.status_code, answer.json()["code"]) == (413, "file-too-large")


@pytest.mark.parametrize("declared", [None, "5", "100"])
def test_a_body_that_never_ends_is_cut_off_whatever_was_declared(world: World, declared: str | None) -> None:
    before, sent = documents(world), []

    def endless() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-'
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 65536

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    if declared:
        headers["Content-Length"] = declared
    answer = world.client("staff").post(UPLOADS, content=endless(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert documents(world) == before


def test_a_body_that_is_declared_too_large_is_not_read(world: World) -> None:
    answer = world.client("staff").post(
        UPLOADS, content=b"x", headers={"Content-Length": "999999999", "Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_a_call_without_files_takes_a_megabyte_only(world: World) -> None:
    answer = world.client("staff").post("/api/v1/tokens", json={"name": "x" * 1_100_000, "scopes": ["read"]})

    assert (answer.status_code, answer.json()["limit"]) == (413, 1024 * 1024)


def test_who_is_not_signed_in_cannot_make_us_read_a_body(world: World) -> None:
    taken = []

    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            taken.append(1)
            yield b"x" * 65536

    answer = world.client().post(
        UPLOADS, content=pieces(), headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert answer.status_code == 401


def test_a_download_is_an_attachment_that_runs_nothing(world: World) -> None:
    pdf = make_pdf(2)
    document = world.upload("staff", pdf, name='合同 "2026"/../终稿.pdf')

    answer = world.client("staff").get(f"{UPLOADS}/{document}/content")

    assert answer.content == pdf
    assert answer.headers["content-disposition"].startswith('attachment; filename="document.pdf"; filename*=')
    assert "%E7%BB%88%E7%A8%BF.pdf" in answer.headers["content-disposition"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-length"] == str(len(pdf))


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=0-3", 206, slice(0, 4)), ("bytes=5-", 206, slice(5, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=0-999999", 206, slice(0, None)), ("bytes=999999-", 416, None), ("bytes=-0", 416, None),
        ("bytes=3-1", 416, None), ("lines=1-2", 200, slice(0, None)), ("bytes=0-1,3-4", 200, slice(0, None)),
    ],
)  # fmt: skip
def test_a_range_is_answered_by_the_book(
    world: World, asked: str, status: int, expected: slice | None
) -> None:
    pdf = make_pdf()
    document = world.upload("staff", pdf)

    answer = world.client("staff").get(f"{UPLOADS}/{document}/content", headers={"Range": asked})

    assert answer.status_code == status
    if expected is not None:
        assert answer.content == pdf[expected]


def test_views_and_downloads_are_audit_entries(world: World) -> None:
    document = world.upload("staff", make_pdf(2))
    client = world.client("staff")

    for page in (1, 2, 1):
        assert client.get(f"{UPLOADS}/{document}/pages/{page}?width=100").content.startswith(b"\x89PNG")
    for _ in range(2):
        client.get(f"{UPLOADS}/{document}/content")

    views = [one for one in entries(world, "document.viewed") if str(one.resource_id) == document]
    downloads = [one for one in entries(world, "document.downloaded") if str(one.resource_id) == document]
    assert len(views) == 1
    assert len(downloads) == 2
    assert downloads[0].actor_id == world.company.people["staff"]


def test_a_page_that_is_not_there_is_not_found(world: World) -> None:
    document = world.upload("staff", make_pdf(1))

    assert world.client("staff").get(f"{UPLOADS}/{document}/pages/2").status_code == 404


def test_an_unchanged_document_is_not_sent_again(world: World) -> None:
    document = world.upload("staff", make_pdf(4))
    client = world.client("staff")
    tag = client.get(f"{UPLOADS}/{document}").headers["etag"]

    again = client.get(f"{UPLOADS}/{document}", headers={"If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")


def test_pages_of_a_list_meet_every_document_once(world: World) -> None:
    for pages in range(1, 4):
        world.upload("finance", make_pdf(pages), "attachment", f"{pages}.pdf")
    client, seen, cursor = world.client("finance"), [], None

    while True:
        body = client.get(UPLOADS, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [one["id"] for one in body["items"]]
        cursor = body["next_cursor"]
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) >= 3


@pytest.mark.parametrize("cursor", ["x", "AAAA", "bm9uc2Vuc2U", "WzEsIngiXQ", "WzIsMV0", "[" * 150])
def test_a_cursor_of_ones_own_making_is_refused(world: World, cursor: str) -> None:
    answer = world.client("staff").get(UPLOADS, params={"cursor": cursor})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"
