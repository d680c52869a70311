"""The validation report of a map: what its half maps, its densities and its symmetry say, against what its depositor says."""
