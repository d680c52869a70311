"""Where accessions, DOIs and URLs of related records lead."""

from __future__ import annotations

import re
from urllib.parse import quote

_RESOLVERS: tuple[tuple[str, str], ...] = (
    (r"MG-\d+", "/entries/{0}"),
    (r"EMD-(\d+)", "https://www.ebi.ac.uk/emdb/EMD-{1}"),
    (r"EMPIAR-(\d+)", "https://www.ebi.ac.uk/empiar/EMPIAR-{1}/"),
    (r"PDB-([0-9A-Za-z]{4,12})", "https://www.rcsb.org/structure/{1}"),
    (r"S-[A-Z]+\d+", "https://www.ebi.ac.uk/biostudies/studies/{0}"),
    (r"idr(\d{4})", "https://idr.openmicroscopy.org/search/?query=Name:idr{1}"),
    (r"10\.\d{4,9}/\S+", "https://doi.org/{0}"),
    (r"https?://\S+", "{0}"),
)


def resolve(identifier: str) -> str:
    """Return the address of an accession, DOI or URL; empty where it is none that is known."""
    for pattern, address in _RESOLVERS:
        if match := re.fullmatch(pattern, identifier):
            whole = identifier if identifier.startswith("http") else quote(identifier, safe="/:.()-;")
            return address.format(whole, *(quote(g) for g in match.groups()))
    return ""
