"""The validation report as a derived product of primary maps."""

from __future__ import annotations

from pathlib import Path

from micrographia.derive.product import Job, Product
from micrographia.model.records import ImageRecord

REPORT = "report.json"
"""Name of its file in the folder of the product."""


def _is_map(image: ImageRecord) -> bool:
    return image.kind == "map" and image.axes == "zyx" and not image.is_stack


def _make(job: Job, folder: Path) -> None:
    # whoever opens an archive loads this module; scipy only who computes
    from micrographia.compare.validation.report import write_report

    write_report(job, folder)


VALIDATION = Product("validation", 1, _is_map, _make, takes_map=True)
