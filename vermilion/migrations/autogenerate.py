"""``make migration NAME=…``: writes a migration for what changed in the models.

The comparison runs against a fresh SQLite database that has been brought to the newest revision.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script

from core.database import Database
from vermilion.migrations import configuration, upgrade


def main(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'compare.db'}")
        config = configuration(database)
        versions = Path(__file__).parent / "versions"
        message = name.replace("_", " ")
        number = len(list(versions.glob("[0-9]*.py"))) + 1
        if number > 1:
            upgrade(database)
        script = command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04d}")
        database.dispose()
    if not isinstance(script, Script):
        raise SystemExit("nothing has changed")
    subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", "--fix", script.path], check=False)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", script.path], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
