"""How an image is opened in the programs that people use: commands to paste, links to follow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import numpy as np

from micrographia.archive.lookup import EntryView
from micrographia.model.image import METRES

_NEUROGLANCER = "https://neuroglancer-demo.appspot.com/#!"
# what ChimeraX reads as a map by the end of the name
_CHIMERAX_ENDS = (".mrc", ".map", ".ccp4", ".rec", ".map.gz", ".mrc.gz")


def ways_to_open(image: Mapping[str, Any], origin: str, *, contour_level: float | None = None) -> list[dict[str, str]]:
    """Return name, words to paste and, where there is one, a link, for each program that takes an image as it is served."""
    zarr = f"{origin}{image['links']['zarr']}" if image["links"]["zarr"] else ""
    shape = dict(zip(image["axes"], image["shape"], strict=True))
    ways = [{"name": "Python", "words": _python(image, origin)}]
    if zarr:
        ways.append({"name": "Python, without our package", "words": _plain_python(zarr)})
        ways.append({"name": "napari", "words": _napari(zarr, image)})
        if min(shape.get(a, 1) for a in "zyx") > 1 and "s" not in shape:
            state = {"layers": [{"name": image["id"], "type": "image", "source": f"zarr3://{zarr}"}], "layout": "4panel"}
            ways.append({"name": "neuroglancer", "words": f"zarr3://{zarr}", "link": _NEUROGLANCER + quote(json.dumps(state))})
    if image["path"].lower().endswith(_CHIMERAX_ENDS) and image["axes"] == "zyx" and not image["is_stack"]:
        level = f"\nvolume #1 level {contour_level:g}" if contour_level is not None else ""
        ways.append({"name": "ChimeraX", "words": f"open {origin}{image['links']['file']}{level}"})
    if set(image["axes"]) <= {"y", "x", "s"}:
        ways.append({"name": "IIIF viewers (Mirador, OpenSeadragon)", "words": f"{origin}{image['links']['iiif']}/info.json"})
    return ways


def contour_level(view: EntryView, role: str) -> float | None:
    """Return the contour level that an entry recommends for the map with this id."""
    return next((m.contour_level for m in view.record.sheet.maps if m.id == role), None)


def _python(image: Mapping[str, Any], origin: str) -> str:
    index = ", ".join(str(n // 2) if a not in "yxs" else ":" for a, n in zip(image["axes"], image["shape"], strict=True))
    return f'import micrographia\n\narchive = micrographia.open("{origin}")\nsection = archive.image("{image["id"]}")[{index}]'


def _plain_python(zarr: str) -> str:
    return f'import zarr  # with fsspec and aiohttp\n\nlevels = zarr.open_group("{zarr}", mode="r")\nimage = levels["0"]'


def _napari(zarr: str, image: Mapping[str, Any]) -> str:
    kind = "labels" if image["kind"] == "segmentation" and np.dtype(image["dtype"]).kind in "iu" else "image"
    voxel = image["voxel_size"]
    sizes = [(voxel or {}).get(a) for a in image["axes"]]
    factor = METRES[voxel["unit"]] / METRES["nanometer"] if voxel else 1.0
    scale = f", scale={[round(s * factor, 6) if s else 1 for s in sizes]}" if any(sizes) else ""
    return (
        f'import dask.array, napari, zarr\n\nlevels = zarr.open_group("{zarr}", mode="r")\n'
        f'datasets = levels.attrs["ome"]["multiscales"][0]["datasets"]\n'
        f'pyramid = [dask.array.from_zarr(levels[d["path"]]) for d in datasets]\n'
        f"viewer = napari.Viewer()\nviewer.add_{kind}(pyramid{scale})\nnapari.run()"
    )
