"""Maps that the client has compared, and how a server is asked for it: sent once, then looked after until the answer is there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from micrographia.client.answers import away, failure_of
from micrographia.client.transport import Progress
from micrographia.errors import InvalidInputError, MicrographiaError, UnavailableError, error_from_json

if TYPE_CHECKING:
    import httpx

ComparedMap = str | Path | tuple[NDArray[Any], float] | tuple[NDArray[Any], float, tuple[float, float, float]]
"""A file; a map of the archive (MG-10001, MG-10001/consensus, MG-10001.1.3); or densities (z, y, x), voxel size and origin (x, y, z), Å."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 3.0
_NDIM = 3


@contextmanager
def as_given(compared: ComparedMap) -> Iterator[Path | str]:
    """Give a map as a file, or as what names it in the archive; densities are written into a file for as long as the block lasts."""
    if isinstance(compared, tuple):
        with TemporaryDirectory(prefix="micrographia-") as folder:
            path = Path(folder) / "map.mrc"
            _write(path, *compared)
            yield path
    elif isinstance(compared, Path) or Path(compared).exists() or not compared.startswith("MG-"):
        if not Path(compared).is_file():
            raise InvalidInputError(f"There is no file {compared}; expected one, or a map of the archive like MG-10001.")
        yield Path(compared)
    else:
        yield compared


def ask_server(
    client: httpx.Client, location: str, maps: Mapping[str, Path | str], *, voxel_size_a: float | None, progress: Progress
) -> dict[str, Any]:
    """Return what a server says of maps (`map` alone, or `a` and `b`), once it has compared them."""
    import httpx

    try:
        asked = _send(client, location, maps, voxel_size_a, progress)
        pause = _FIRST_PAUSE_S
        while (found := _found(client, location + str(asked["url"])))["state"] in ("queued", "running"):
            told = found["progress"] or {"done": 0.0, "stage": "Waiting"}
            progress(float(told["done"]), str(told["stage"]))
            time.sleep(pause)
            pause = min(1.3 * pause, _LONGEST_PAUSE_S)
    except httpx.HTTPError as exc:
        raise away(location, exc) from exc
    if found["state"] == "failed":
        raise error_from_json(found["failure"]) or MicrographiaError(str(found["failure"]))
    progress(1.0, "Done")
    return {**found["result"], "links": {name: location + link for name, link in found["links"].items()}, "deleted": found["deleted"]}


def _send(client: httpx.Client, location: str, maps: Mapping[str, Path | str], voxel_size_a: float | None, progress: Progress) -> Any:
    fields = {name: given for name, given in maps.items() if isinstance(given, str)}
    if voxel_size_a is not None:
        fields["voxel_size_a"] = str(voxel_size_a)
    paths = {name: given for name, given in maps.items() if isinstance(given, Path)}
    progress(0.0, "Sending")
    with ExitStack() as stack:
        files = {name: (path.name, stack.enter_context(path.open("rb"))) for name, path in paths.items()}
        what: dict[str, Any] = {"data": fields, "files": files} if files else {"json": fields}
        return _document(client.post(f"{location}/api/v1/compare", **what))


def _found(client: httpx.Client, url: str) -> dict[str, Any]:
    return _document(client.get(url))


def _document(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        raise failure_of(response)
    try:
        return dict(response.json())
    except (TypeError, ValueError) as exc:
        raise UnavailableError(f"{response.url} answered no JSON object; is it a Micrographia archive?") from exc


def _write(path: Path, array: NDArray[Any], voxel_size_a: float, origin_xyz_a: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> None:
    from micrographia.formats.exporting import Block, encode_mrc
    from micrographia.model.image import VoxelSize

    if array.ndim != _NDIM:
        raise InvalidInputError(f"The array has {array.ndim} axes; expected three: z, y, x.")
    size = VoxelSize(voxel_size_a, voxel_size_a, voxel_size_a, "angstrom")
    density = np.ascontiguousarray(array, np.float32)
    path.write_bytes(encode_mrc(Block(density, "zyx", size, origin_xyz_a[::-1], is_stack=False, label="from an array")))
