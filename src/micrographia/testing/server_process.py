"""Servers in processes of their own, which may be killed and started again at the same address.

A process that has loaded all modules waits beside them and forks each one: a start takes a fraction of a second, a test can do many.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from micrographia.testing.s3_server import die_with_parent

_ENDS_WITHIN_S = 30
_BESIDE = """
import json, os, signal, sys
from pathlib import Path
from micrographia.settings import Settings
from micrographia.testing.s3_server import die_with_parent
from micrographia.web.server import serve

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system takes the dead away
for line in sys.stdin:
    if os.fork():
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    die_with_parent()
    os.setsid()
    home, environment = json.loads(line)
    os.environ.update(environment)
    try:
        settings = Settings.from_environment(home=Path(home), workers=1)
        serve(settings, port=int(environment.get("TEST_PORT", 0)), ready=lambda url: print(os.getpid(), url, flush=True))
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        print(flush=True)
    finally:
        os._exit(0)
"""


class _Beside:
    """The process that forks servers; there is one, and it ends with this process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def fork(self, home: Path, environment: dict[str, str]) -> tuple[int, str]:
        with self._lock:
            if self._process is None:
                threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # none must run when it forks
                self._process = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-c", _BESIDE],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env={**os.environ, **threads},
                    preexec_fn=die_with_parent,
                )
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.write(f"{json.dumps([str(home), environment])}\n")
            self._process.stdin.flush()
            words = self._process.stdout.readline().split()
        assert len(words) == 2, "the server did not start"
        return int(words[0]), words[1]


_beside = _Beside()


class ServerProcess:
    """A server; it runs once this is made."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.environment = {"MICROGRAPHIA_KEEPER": "off", **environment}
        self.start()

    def start(self) -> None:
        """Start it (again)."""
        self.pid, self.url = _beside.fork(self.home, self.environment)
        self.is_running = True

    def stay(self) -> None:
        """Have it come back at the same address, as behind a proxy."""
        self.environment["TEST_PORT"] = str(urlsplit(self.url).port)

    def kill(self) -> None:
        """End it without a warning."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Tell it to end, where it runs."""
        if self.is_running:
            self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        os.kill(self.pid, how)
        until = time.monotonic() + _ENDS_WITHIN_S
        with suppress(ProcessLookupError):
            while time.monotonic() < until:
                os.kill(self.pid, 0)
                time.sleep(0.01)
            raise TimeoutError(f"the server {self.pid} did not end")
        self.is_running = False
