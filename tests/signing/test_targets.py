"""Heads leave the machine by mail, webhook, locked bucket, folder; what fails is listed and tried again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from minio.error import S3Error
from sqlalchemy import select, update

from core.clock import FixedClock, SystemClock
from core.errors import SettingUnusable
from core.models import OutboxJob
from signing import targets
from signing.errors import TimestampUnavailable
from signing.heads import SignedHead, parse, read_file
from signing.register_models import HeadDelivery
from signing.transparency import newest, signed, troubles
from storage.errors import StorageUnavailable
from storage.locked import put_locked
from storage.s3 import s3_client
from tests import homes, servers
from tests.office import Office, open_office

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()


class Mailbox:
    """An SMTP server that takes what it is sent (RFC 5321, as much as a client needs)."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as file:
                self._talk(file)

    def _talk(self, file: Any) -> None:
        def say(line: str) -> None:
            file.write(line.encode() + b"\r\n")
            file.flush()

        say("220 ready")
        while line := file.readline():
            verb = line.split(b" ")[0].strip().upper()
            if verb == b"DATA":
                say("354 go on")
                lines = []
                while (part := file.readline()) != b".\r\n":
                    lines.append(part)
                self.mails.append(b"".join(lines).decode())
            if verb == b"QUIT":
                say("221 bye")
                return
            say("250 well")

    def close(self) -> None:
        self._listener.close()


@contextmanager
def hook(statuses: list[int]) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A web server that answers with these statuses in turn, the last one for ever."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
            self.end_headers()

        def log_message(self, *_arguments: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/heads?team=audit", got
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def office_with(home: Path, setting: str) -> Iterator[Office]:
    clock = FixedClock(homes.TODAY)
    with open_office(home, "", clock, head_targets=setting) as office:
        yield office


def send_head(office: Office) -> SignedHead:
    office.signing.transparency.make_head()
    office.work_off()
    with office.runtime.database.read() as session:
        found = newest(session)
        assert found is not None
        return signed(found)


def sent(office: Office) -> list[HeadDelivery]:
    with office.runtime.database.read() as session:
        return list(session.scalars(select(HeadDelivery).order_by(HeadDelivery.target)))


def test_a_head_goes_by_mail_as_text_and_as_a_file(tmp_path: Path) -> None:
    mailbox = Mailbox()
    setting = f"smtp://127.0.0.1:{mailbox.port}?from=vermilion@example.com&to=auditor@example.com&tls=no"
    with office_with(tmp_path / "home", setting) as office:
        head = send_head(office)
        (mail,) = mailbox.mails
        assert "\r\n".join(head.body.splitlines()) in mail
        assert read_file(mail.encode(), "mail") == SignedHead(head.body)
        (row,) = sent(office)
        assert row.sent_at is not None and row.error is None
        assert row.target == f"smtp://127.0.0.1:{mailbox.port}/auditor@example.com"
    mailbox.close()


def test_a_webhook_is_signed_after_standard_webhooks_and_tried_until_it_is_taken(tmp_path: Path) -> None:
    with hook([503, 200]) as (url, got), office_with(tmp_path / "home", f"{url}#{SECRET}") as office:
        head = send_head(office)
        (row,) = sent(office)
        assert (row.tries, row.error, row.sent_at) == (1, "HTTP 503", None)
        with office.runtime.database.read() as session:
            (trouble,) = troubles(session, office.runtime.settings.head_targets)
        assert (trouble.waiting, trouble.first, trouble.error) == (1, 1, "HTTP 503")
        assert SECRET not in row.target and "team" not in row.target
        office.runtime.clock.advance(timedelta(seconds=2))  # type: ignore[attr-defined]
        office.work_off()
        (row,) = sent(office)
        assert (row.tries, row.error) == (2, None) and row.sent_at is not None
        with office.runtime.database.read() as session:
            assert troubles(session, office.runtime.settings.head_targets) == []
        headers, body = got[-1]
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert got[0][0]["webhook-id"] == headers["webhook-id"]  # a repetition is known as one
        data = json.loads(body)["data"]
        assert read_file(json.dumps(data).encode(), "x") == head


def test_what_gave_up_waits_on_the_health_page_and_a_later_head_stands_for_it(tmp_path: Path) -> None:
    with hook([500]) as (url, got), office_with(tmp_path / "home", url) as office:
        send_head(office)
        clock = office.runtime.clock
        for _ in range(12):
            clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
            office.work_off()
        assert len(got) == 12
        with office.runtime.database.read() as session:
            job = session.scalars(select(OutboxJob).where(OutboxJob.task == "signing.deliver_head")).one()
            assert job.failed_at is not None
            assert len(troubles(session, url)) == 1


def test_a_bucket_with_object_lock_takes_a_head_that_nobody_can_delete(tmp_path: Path) -> None:
    with servers.minio_server(lock=True) as url:
        setting = f"{url}&days=2"
        with office_with(tmp_path / "home", setting) as office:
            head = send_head(office)
            (row,) = sent(office)
            assert row.sent_at is not None, row.error
            assert servers.SECRET not in row.target and row.receipt
            client, bucket = s3_client(url, "x")
            name = f"heads/{head.name}"
            assert read_file(client.get_object(bucket, name).read(), name) == head
            version = row.receipt.removeprefix("version ")
            retention = client.get_object_retention(bucket, name, version_id=version)
            assert retention.mode == "COMPLIANCE"
            with pytest.raises(S3Error):
                client.remove_object(bucket, name, version_id=version)
            # sent once more, the same version stays
            now = office.runtime.clock.now()
            again = targets.deliver(setting, row.target, head, now)
            assert again == row.receipt


def test_a_bucket_without_object_lock_is_refused(tmp_path: Path) -> None:
    with servers.minio_server() as url, pytest.raises(StorageUnavailable, match="no Object Lock"):
        put_locked(url, "x", "heads/1.json", b"{}", SystemClock().now() + timedelta(days=1))


def test_a_folder_takes_each_head_once(tmp_path: Path) -> None:
    folder = tmp_path / "worm"
    folder.mkdir()
    with office_with(tmp_path / "home", f"file:{folder}") as office:
        head = send_head(office)
        path = folder / head.name
        assert read_file(path.read_bytes(), "x") == head
        setting, (row,) = office.runtime.settings.head_targets, sent(office)
        now = office.runtime.clock.now()
        assert targets.deliver(setting, row.target, head, now) == row.receipt
        path.write_text("other")
        with pytest.raises(targets.HeadNotDelivered, match="other bytes"):
            targets.deliver(setting, row.target, head, now)
        assert path.read_text() == "other"


def test_a_server_that_is_away_is_noted_without_secrets(tmp_path: Path) -> None:
    port = servers.free_port()
    setting = f"smtp://mailer:top%2Fsecret@127.0.0.1:{port}?from=a@x.cn&to=b@x.cn&tls=no"
    with office_with(tmp_path / "home", setting) as office:
        send_head(office)
        (row,) = sent(office)
        assert row.sent_at is None and row.error is not None
        assert "secret" not in row.error and "secret" not in row.target


def test_each_head_is_sent_to_every_place_even_when_one_is_away(tmp_path: Path) -> None:
    folder = tmp_path / "worm"
    folder.mkdir()
    setting = f"http://127.0.0.1:{servers.free_port()}/x file:{folder}"
    with office_with(tmp_path / "home", setting) as office:
        head = send_head(office)
        assert (folder / head.name).exists()
        assert [row.sent_at is not None for row in sent(office)] == [True, False]


@pytest.mark.parametrize(
    "setting",
    [
        "ftp://x/y",
        "smtps://host",
        "smtps://host?from=a",
        "http://example.com/x",
        "https:///x",
        "https://x/y#secret",
        "https://x/y#whsec_%%%",
        "s3://K:S@h/b?days=soon",
        "file:",
        "file:/a file:/a",
    ],
)
def test_an_address_that_cannot_work_is_refused_at_the_start(setting: str) -> None:
    with pytest.raises(SettingUnusable, match=targets.SETTING):
        targets.check(setting)


def test_addresses_that_work_are_taken() -> None:
    targets.check(
        "smtps://u:p@mail.x.cn?from=a@x.cn&to=b@y.cn,c@z.cn "
        f"https://hooks.x.cn/a?b=c#{SECRET} s3://K:S@h/b?days=3650 file:/mnt/worm"
    )


def test_a_head_is_parsed_as_it_was_written(office: Office) -> None:
    office.signing.transparency.make_head()
    with office.runtime.database.read() as session:
        row = newest(session)
    assert row is not None
    stated = parse(row.body)
    assert stated.body() == row.body
    assert (stated.number, stated.size, stated.root, stated.at) == (row.number, row.size, row.root, row.at)


def test_a_place_that_is_no_longer_configured_is_given_up(tmp_path: Path) -> None:
    folder = tmp_path / "worm"
    folder.mkdir()
    with office_with(tmp_path / "home", f"file:{folder}") as office:
        office.signing.transparency.make_head()
        with office.runtime.database.write() as session:
            session.execute(update(HeadDelivery).values(target="file:///elsewhere"))
        with pytest.raises(targets.HeadNotDelivered, match="no longer configured"):
            with office.runtime.database.read() as session:
                row = newest(session)
            assert row is not None
            targets.deliver(f"file:{folder}", "file:///elsewhere", signed(row), office.runtime.clock.now())


def test_no_head_is_made_without_its_time_stamp(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{servers.free_port()}/tsa"
    with open_office(tmp_path / "home", timestamp_url=url, timestamp_seconds=1) as office:
        for _ in range(2):
            with pytest.raises(TimestampUnavailable):
                office.signing.transparency.make_head()
        with office.runtime.database.read() as session:
            assert newest(session) is None
