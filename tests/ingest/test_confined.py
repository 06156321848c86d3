"""What a confined process can no longer do, tried in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ingest import office


def said(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_a_process_that_may_start_no_programs_still_has_threads_and_typesets() -> None:
    assert (
        said(
            """
import subprocess, threading
import typst
from ingest.confined import forbid_programs
assert forbid_programs()
try:
    subprocess.run(["/bin/true"])
    print("started")
except PermissionError:
    done = []
    thread = threading.Thread(target=lambda: done.append(1))
    thread.start(); thread.join()
    print(done, typst.compile(b"x")[:5])
"""
        )
        == "[1] b'%PDF-'"
    )


def test_a_confined_program_has_its_limits() -> None:
    command = [sys.executable, "-m", "ingest.confined", str(office.MEMORY), "7", "1000000", "/bin/sh", "-c",
               "ulimit -v; ulimit -t; ulimit -c"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [str(office.MEMORY // 1024), "7", "0"]


def test_a_confined_program_has_no_network_where_the_system_allows_that() -> None:
    program = """
import socket
from ingest.confined import leave_network
if leave_network():
    print(sorted(name for _, name in socket.if_nameindex()))
else:
    print("['lo']")
"""
    assert said(program).startswith("['lo'") and "eth" not in said(program)
