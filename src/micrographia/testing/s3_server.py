"""A real S3 service for tests: SeaweedFS from its wheel, on loopback, all its state in one folder."""

from __future__ import annotations

import ctypes
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import obstore
import obstore.exceptions
import obstore.store

_KEY, _SECRET = "hooke", "micrographia"
_STARTS_WITHIN_S = 60
_PORTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port.grpc", "s3.port")


@dataclass(frozen=True)
class S3Server:
    """A running service and the bucket in it."""

    endpoint: str
    bucket: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which obstore finds it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }


def weed() -> Path | None:
    """Return the program, beside this Python or on the PATH; None where it is not installed."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    return Path(found) if found else None


@contextmanager
def s3_server(folder: Path, bucket: str = "micrographia") -> Iterator[S3Server]:
    """Run the service while the context lasts; it dies with this process too."""
    program = weed()
    if program is None:
        raise FileNotFoundError("weed")
    identity = {"name": "test", "credentials": [{"accessKey": _KEY, "secretKey": _SECRET}], "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "data").mkdir(parents=True)
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
    command = [
        str(program),
        "server",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-s3",
        f"-s3.config={folder / 's3.json'}",
        "-s3.iam=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=true",
        "-volume.max=0",
        "-volume.preStopSeconds=0",
        "-master.volumeSizeLimitMB=256",
        "-master.telemetry=false",
        *(f"-{name}={port}" for name, port in ports.items()),
    ]
    server = S3Server(f"http://127.0.0.1:{ports['s3.port']}", bucket)
    with (folder / "server.log").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, preexec_fn=die_with_parent)  # noqa: S603
        try:
            _wait_until_ready(server, process, folder / "server.log")
            yield server
        finally:
            process.kill()  # its graceful end takes 15 s, and nobody needs what it holds
            process.wait()
            for sockets in Path("/tmp").glob(f"seaweedfs-*-{ports['s3.port']}.sock"):  # noqa: S108  where the program puts them
                sockets.unlink(missing_ok=True)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def die_with_parent() -> None:
    """Have this process end with the one that started it; where the system can do that."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _wait_until_ready(server: S3Server, process: subprocess.Popen[bytes], output: Path) -> None:
    store = obstore.store.S3Store(
        server.bucket,
        endpoint=server.endpoint,
        access_key_id=_KEY,
        secret_access_key=_SECRET,
        region="us-east-1",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=2)},
    )
    until = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            obstore.put(store, "ready", b"ready")
            obstore.delete(store, "ready")
        except obstore.exceptions.BaseError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"weed did not start: {output.read_text(errors='replace')[-1000:]}")
