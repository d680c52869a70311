"""Atomic models (PDB, mmCIF) → where the atoms of each chain are."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

import gemmi
import numpy as np
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError, NotFoundError, TooLargeError

# the largest model of the PDB, the capsid of HIV-1, is 240 MB of mmCIF
MOST_BYTES = 300_000_000
_GZIP = b"\x1f\x8b"


def read_model(path: Path) -> gemmi.Structure:
    """Return the atomic model in a file.

    Parameters
    ----------
    path : Path
        PDB or mmCIF file, compressed with gzip or not.

    Raises
    ------
    NotFoundError
        There is no such file.
    InvalidInputError
        It holds no atoms, or is no model.
    TooLargeError
        It is longer than is read, packed or unpacked.
    """
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as exc:
        raise InvalidInputError(f"{path.name} cannot be read: {exc}.") from exc
    return parse_model(data, path.name)


def parse_model(data: bytes, name: str) -> gemmi.Structure:
    """Return the atomic model in the bytes of a file; as `read_model` does, `name` is what messages call it."""
    try:
        text = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MOST_BYTES + 1) if data.startswith(_GZIP) else data
    except (OSError, EOFError, zlib.error) as exc:
        raise InvalidInputError(f"{name} cannot be read: {exc}.") from exc
    if len(text) > MOST_BYTES:
        raise TooLargeError(f"{name} is longer than {MOST_BYTES // 1_000_000} MB; longer models are not read.")
    try:
        structure = gemmi.read_structure_string(text, format=gemmi.CoorFormat.Detect)
    except (RuntimeError, ValueError) as exc:
        raise InvalidInputError(f"{name} cannot be read as an atomic model: {exc}. Expected PDB or mmCIF.") from exc
    if not len(structure) or not any(True for _ in structure[0].all()):
        raise InvalidInputError(f"{name} holds no atoms; expected an atomic model, PDB or mmCIF.")
    return structure


def read_chains(path: Path) -> dict[str, NDArray[np.float64]]:
    """Return the positions of the atoms of each chain of a model's first conformation, without waters and hydrogens.

    Parameters
    ----------
    path : Path
        PDB or mmCIF file, compressed or not.

    Returns
    -------
    mapping of chain names to float64 arrays, shape (atoms, 3)
        Å, (x, y, z), in the order of the file.

    Raises
    ------
    NotFoundError
        There is no such file.
    InvalidInputError
        It holds no atoms.
    TooLargeError
        It is longer than is read.
    """
    structure = read_model(path)
    structure.remove_waters()
    structure.remove_hydrogens()
    chains: dict[str, list[list[float]]] = {}
    for chain in structure[0]:
        chains.setdefault(chain.name, []).extend(atom.pos.tolist() for residue in chain for atom in residue)
    if not any(chains.values()):
        raise InvalidInputError(f"{path.name} holds no atoms; expected an atomic model, PDB or mmCIF.")
    return {name: np.array(positions) for name, positions in chains.items() if positions}
