"""Which draft a folder is being deposited into, kept on the depositor's machine, so that the same command goes on."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class RememberedDraft:
    """A draft that was begun from a folder."""

    accession: str
    begun_ns: int
    """When, nanoseconds since 1970: what did not change since then was sent as it is."""


def remembered_draft(server: str, folder: Path) -> RememberedDraft | None:
    """Return the draft of an archive that an earlier run began from a folder."""
    kept = _read().get(_key(server, folder))
    try:
        return RememberedDraft(str(kept["accession"]), int(kept["begun_ns"])) if kept else None
    except (KeyError, TypeError, ValueError):
        return None


def remember_draft(server: str, folder: Path, accession: str) -> RememberedDraft:
    """Keep that a folder is deposited into a draft from now on."""
    draft = RememberedDraft(accession, time.time_ns())
    kept = _read() | {_key(server, folder): asdict(draft)}
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(kept, indent=1))
    new.replace(path)
    return draft


def _read() -> dict[str, dict[str, Any]]:
    try:
        kept = json.loads(_file().read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _key(server: str, folder: Path) -> str:
    return f"{server.rstrip('/')} {folder.resolve()}"


def _file() -> Path:
    """Where programs keep what should survive but belongs to no document (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "micrographia" / "deposits.json"
