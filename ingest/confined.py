"""``python -m ingest.confined MEMORY SECONDS OUTPUT PROGRAM ARGUMENT…``: a program within limits.

Becomes the program after giving up what it does not need: memory (bytes of address space), processor
time, size of files, core dumps, and, where the system lets us, the network.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import resource
import struct
import sys
from pathlib import Path
from typing import Final

_SYSTEMS: Final = {"x86_64": (0xC000003E, 59, 322), "aarch64": (0xC00000B7, 221, 281)}
"""For each machine: its number in audit.h, and those of execve and execveat."""
_NEW_USER: Final = 0x10000000
_NEW_NETWORK: Final = 0x40000000


def forbid_programs() -> bool:
    """Let this process start no program any more, threads yes; whether the system could (Linux, seccomp).

    A limit on processes (RLIMIT_NPROC) would count threads too, which typesetting and recognition need.
    """
    known = _SYSTEMS.get(platform.machine())
    if known is None or sys.platform != "linux":
        return False
    machine, start, start_at = known
    allow, refuse = 0x7FFF0000, 0x00050000 | errno.EPERM
    steps = (
        (0x20, 0, 0, 4),  # load the machine; another one's numbers mean other calls
        (0x15, 1, 0, machine),
        (0x06, 0, 0, 0x80000000),  # end the process
        (0x20, 0, 0, 0),  # load the number of the call
        (0x15, 1, 0, start),
        (0x15, 0, 1, start_at),
        (0x06, 0, 0, refuse),
        (0x06, 0, 0, allow),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = _Filter(len(steps), ctypes.cast(code, ctypes.c_void_p))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(38, 1, 0, 0, 0) != 0:  # PR_SET_NO_NEW_PRIVS
        return False
    return bool(library.prctl(22, 2, ctypes.byref(program), 0, 0) == 0)  # PR_SET_SECCOMP, filter


class _Filter(ctypes.Structure):
    """``struct sock_fprog`` of the kernel."""

    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


def leave_network() -> bool:
    """Enter an empty network of our own (Linux namespaces); whether that was possible."""
    user, group = os.geteuid(), os.getegid()
    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except (AttributeError, OSError):
        return False
    if unshare(_NEW_NETWORK) == 0:  # root may do that alone
        return True
    if unshare(_NEW_USER | _NEW_NETWORK) != 0:
        return False
    with contextlib.suppress(OSError):  # keep our own names in the new user namespace
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return True


def main() -> None:
    memory, seconds, output = (int(word) for word in sys.argv[1:4])
    leave_network()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.execv(sys.argv[4], sys.argv[4:])  # noqa: S606 (no shell is what we want)


if __name__ == "__main__":
    main()
