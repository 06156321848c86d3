"""Places where tests stop the process, to prove that nothing is lost there.

A failpoint does nothing unless ``VERMILION_FAILPOINT`` names it; then the process is killed the
way power loss would kill it, without any clean-up.
"""

from __future__ import annotations

import os
import signal


def reach(name: str) -> None:
    """Die here when ``VERMILION_FAILPOINT`` is ``name``."""
    if os.environ.get("VERMILION_FAILPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
