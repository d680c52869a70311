import gzip

import numpy as np
import pytest

from micrographia.errors import InvalidInputError, NotFoundError, TooLargeError
from micrographia.formats import coordinates
from micrographia.formats.coordinates import read_chains, read_model

PDB = """\
ATOM      1  N   ALA A   1      11.000  12.000  13.000  1.00  0.00           N
ATOM      2  CA  ALA A   1      12.000  12.500  13.500  1.00  0.00           C
ATOM      3  HA  ALA A   1      12.100  12.600  13.600  1.00  0.00           H
TER
ATOM      4  N   GLY B   1      -1.000   2.000   3.000  1.00  0.00           N
TER
HETATM    5  O   HOH W   1       0.000   0.000   0.000  1.00  0.00           O
END
"""


def test_the_atoms_of_each_chain_are_read_without_waters_and_hydrogens(tmp_path):
    (tmp_path / "model.pdb").write_text(PDB)
    chains = read_chains(tmp_path / "model.pdb")
    assert list(chains) == ["A", "B"]
    assert np.allclose(chains["A"], [[11, 12, 13], [12, 12.5, 13.5]])
    assert np.allclose(chains["B"], [[-1, 2, 3]])


def test_real_models_have_the_chains_of_their_entries(real_data):
    chains = read_chains(real_data / "structures" / "1igy.cif")  # an antibody with two glycans
    assert list(chains) == ["A", "B", "C", "D", "E", "F"]
    assert len(chains["A"]) == len(chains["C"]) == 1650


@pytest.mark.parametrize(("name", "text"), [("a.pdb", "no model\n"), ("a.cif", "data_x\n"), ("a.cif", "loop_ _broken"), ("a.xyz", "1\n")])
def test_what_is_no_model_is_refused(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidInputError, match=r"atom"):
        read_chains(tmp_path / name)
    with pytest.raises(NotFoundError):
        read_chains(tmp_path / f"no-{name}")


def test_packed_models_are_read_and_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "model.pdb.gz"
    path.write_bytes(gzip.compress(PDB.encode()))
    assert len(read_model(path)[0]) == 3
    path.write_bytes(gzip.compress(PDB.encode())[:-12])
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read_model(path)
    monkeypatch.setattr(coordinates, "MOST_BYTES", 1_000_000)
    path.write_bytes(gzip.compress(b" " * 2_000_000))
    with pytest.raises(TooLargeError, match="longer than 1 MB"):
        read_model(path)
