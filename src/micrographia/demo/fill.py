"""The example entries and the verb that fills an archive with them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from micrographia.archive.archive import Archive
from micrographia.archive.deposit import deposit_folder
from micrographia.demo._sheet import EXAMPLE_KEYWORD
from micrographia.demo.plate import make_plate
from micrographia.demo.single_particle import make_single_particle
from micrographia.demo.tomography import make_tomography
from micrographia.demo.volume_em import make_volume_em

EXAMPLES: dict[str, Callable[[Path], None]] = {
    "single-particle": make_single_particle,
    "tomography": make_tomography,
    "volume-em": make_volume_em,
    "screen": make_plate,
}


def fill_demo(archive: Archive, *, progress: Callable[[str], None] | None = None) -> list[str]:
    """Simulate, deposit and release the example entries that `archive` lacks; return the accessions of all of them.

    Parameters
    ----------
    progress : callable, optional
        Gets a few words before each long step.

    Notes
    -----
    May be called again after any interruption: what is released already is left as it is, what was cut off is deposited again.
    """
    say = progress or (lambda _words: None)
    released = _released(archive)
    workplace = archive.settings.home / "demo"
    for name in EXAMPLES:
        if name in released:
            continue
        say(f"simulating: {name}")
        make_example(name, workplace / name)
        say(f"depositing: {name}")
        released[name] = str(deposit_folder(archive, workplace / name, mode="move", until="released").accession)
    shutil.rmtree(workplace, ignore_errors=True)
    return [released[name] for name in EXAMPLES]


def make_example(name: str, folder: Path) -> None:
    """Write the files and the sheet of one example into `folder`, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    EXAMPLES[name](folder)


def _released(archive: Archive) -> dict[str, str]:
    """Return example name → accession of those that the store holds."""
    found: dict[str, str] = {}
    for accession in archive.store.accessions():
        for keyword in archive.store.entry(accession, 1).sheet.keywords:
            if keyword.startswith(EXAMPLE_KEYWORD):
                found[keyword.removeprefix(EXAMPLE_KEYWORD)] = str(accession)
    return found
