"""The commands of a root that lives offline, and of outside lists, as somebody types them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from signing import root_folder
from tests.outside import OutsideAuthority
from vermilion.cli import app

PASSPHRASE = "correct horse battery"
NAME = "云杉测试科技有限公司"


def test_a_root_is_made_asked_and_installed_at_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(root_folder, "ROUNDS", 1000)
    monkeypatch.setenv("LANG", "C.UTF-8")
    (tmp_path / "pass").write_text(PASSPHRASE + "\n")
    root, asked, answer = tmp_path / "root", tmp_path / "request.json", tmp_path / "answer.json"

    def run(*words: str, typed: str = "", status: int = 0, home: str = "home") -> str:
        monkeypatch.setenv("VERMILION_HOME", str(tmp_path / home))
        said = CliRunner().invoke(app, ["ca", *words], input=typed)
        assert said.exit_code == status, said.output
        assert PASSPHRASE not in said.output
        return said.output

    secret = ("--passphrase-file", str(tmp_path / "pass"))
    digest = run("new-root", str(root), "--name", NAME, *secret, home="none").strip()
    assert "holds a root already" in run(
        "new-root", str(root), "--name", NAME, *secret, home="none", status=1
    )
    file_digest = run("request", "--name", NAME, "--to", str(asked)).split()[-1]
    refused = run("answer", str(root), str(asked), "--to", str(answer), *secret,
                  typed="n\n", home="none", status=1)  # fmt: skip
    assert file_digest in refused and NAME in refused and not answer.exists()
    said = run("answer", str(root), str(asked), "--to", str(answer), *secret, typed="y\n", home="none")
    assert digest in said and not (tmp_path / "none").exists()
    assert "SHA-256 of the root" in run("install", str(answer), status=1)
    run("install", str(answer), "--root-sha256", digest)
    assert "current" in run("status")
    assert "is not on this server" in run("move-root", str(tmp_path / "away"), *secret, "--yes", status=1)

    elsewhere = OutsideAuthority(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))
    (tmp_path / "outside.pem").write_bytes(elsewhere.root_pem)
    (tmp_path / "root.crl").write_bytes(elsewhere.lists()[0])
    assert "signed this list" in run("lists", "add", str(tmp_path / "root.crl"), status=1)
    run("roots", "add", str(tmp_path / "outside.pem"), "--note", "signs for us")
    assert "Elsewhere Root" in run("lists", "add", str(tmp_path / "root.crl"))
    assert "Elsewhere Root" in run("lists", "list")
    assert run("lists", "fetch").split()[-1] == "0"
