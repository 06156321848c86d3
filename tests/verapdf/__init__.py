"""PDF/A judged by veraPDF, the reference validator: a resident Java process that takes many files.

``prepare`` fetches it from Maven into ``.cache/verapdf`` once. Without Java 17 or Maven the tests that
need it are skipped with that reason.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO, Final, cast

import pytest

HERE: Final = Path(__file__).parent
FOLDER: Final = HERE.parents[1] / ".cache" / "verapdf"
_SOURCE: Final = HERE / "Judge.java"
_POM: Final = HERE / "pom.xml"
_lock = threading.Lock()
_judge: subprocess.Popen[str] | None = None


def prepare() -> str | None:
    """Fetch and compile what is not there yet; returns why it is not to be had, or None."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    stamp = FOLDER / "ready"
    wanted = _SOURCE.read_text() + _POM.read_text()
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes run side by side
        if stamp.exists() and stamp.read_text() == wanted:
            return None if shutil.which("java") else "Java is not on this machine"
        missing = [name for name in ("java", "javac", "mvn") if shutil.which(name) is None]
        if missing:
            return f"veraPDF needs {', '.join(missing)}"
        return _fetch(stamp, wanted)


def _fetch(stamp: Path, wanted: str) -> str | None:
    shutil.rmtree(FOLDER / "lib", ignore_errors=True)
    commands = (
        [
            "mvn",
            "-q",
            "-B",
            "-f",
            str(_POM),
            "dependency:copy-dependencies",
            f"-DoutputDirectory={FOLDER}/lib",
        ],
        ["javac", "-cp", f"{FOLDER}/lib/*", "-d", str(FOLDER / "classes"), str(_SOURCE)],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            return f"veraPDF is not to be had: {(done.stdout + done.stderr).strip()[:300]}"
    stamp.write_text(wanted)
    return None


def violations(pdf: bytes | Path, flavour: str = "2b") -> list[str]:
    """The rules of PDF/A that a file breaks: ``6.2.11.4.1-1: why (where)``; empty when it conforms.

    Skips the calling test where veraPDF is not to be had.
    """
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        if isinstance(pdf, bytes):
            file.write(pdf)
            file.flush()
        path = file.name if isinstance(pdf, bytes) else str(pdf.absolute())
        with _lock:
            judge = _running()
            cast("IO[str]", judge.stdin).write(f"{flavour}\t{path}\n")
            cast("IO[str]", judge.stdin).flush()
            return list(_answer(judge))


def _answer(judge: subprocess.Popen[str]) -> list[str]:
    found = []
    for line in cast("IO[str]", judge.stdout):
        if line == ".\n":
            return found
        rule, why, where = line.rstrip("\n").split("\t")
        found.append(f"{rule}: {why} ({where})")
    raise RuntimeError(f"veraPDF ended with {judge.wait()}")


def _running() -> subprocess.Popen[str]:
    global _judge
    if _judge is None or _judge.poll() is not None:
        reason = prepare()
        if reason:
            pytest.skip(reason)
        command = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        _judge = subprocess.Popen(
            [*command, "-cp", f"{FOLDER}/classes:{FOLDER}/lib/*", "Judge"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )
        atexit.register(_end, _judge)
    return _judge


def _end(judge: subprocess.Popen[str]) -> None:
    cast("IO[str]", judge.stdin).close()
    cast("IO[str]", judge.stdout).close()
    judge.wait(10)
