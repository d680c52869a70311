"""Atomic models (PDB, mmCIF) → where the atoms of each chain are."""

from __future__ import annotations

from pathlib import Path

import gemmi
import numpy as np
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError, NotFoundError


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
    """
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.")
    try:
        structure = gemmi.read_structure(str(path))
    except (RuntimeError, ValueError) as exc:
        raise InvalidInputError(f"{path.name} cannot be read as an atomic model: {exc}. Expected PDB or mmCIF.") from exc
    structure.remove_waters()
    structure.remove_hydrogens()
    chains: dict[str, list[list[float]]] = {}
    for chain in structure[0] if len(structure) else ():
        chains.setdefault(chain.name, []).extend(atom.pos.tolist() for residue in chain for atom in residue)
    if not any(chains.values()):
        raise InvalidInputError(f"{path.name} holds no atoms; expected an atomic model, PDB or mmCIF.")
    return {name: np.array(positions) for name, positions in chains.items() if positions}
