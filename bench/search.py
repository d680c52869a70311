"""Search 50,000 synthetic entries: a page of 20 with all facet counts, beside the full-text query alone."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import insert

from micrographia.catalogue import Catalogue, SearchQuery
from micrographia.catalogue.facets import entry_columns, entry_summary, entry_texts
from micrographia.catalogue.fulltext import full_text
from micrographia.catalogue.tables import counters, search_entries
from micrographia.ids import EntryId
from micrographia.model.records import EntryRecord
from micrographia.model.sheet import Sheet
from micrographia.model.vocabulary import EXPERIMENTS, IMAGE_SET_KINDS

ENTRIES = 50_000
# word → share of the entries whose text holds it
SHARES = {"ferritin": 0.0002, "proteasome": 0.02, "ribosome": 0.4}
ORGANISMS = [f"Species {letter}{number}" for letter in "abcdefgh" for number in range(25)]


def synthetic_entries(count: int, seed: int = 0) -> Iterator[EntryRecord]:
    """Return made-up entries: a vocabulary with the long tail of real texts, and three words of known frequency."""
    rng = random.Random(seed)
    vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(4, 10))) for _ in range(20_000)]
    weights = list(itertools.accumulate(1 / (i + 5) for i in range(len(vocabulary))))

    def text(words: int) -> str:
        return " ".join(rng.choices(vocabulary, cum_weights=weights, k=words))

    for i in range(count):
        shared = [w for w, share in SHARES.items() if rng.random() < share]
        in_title = " ".join(w for w in shared if rng.random() < 0.3)
        sheet = {
            "title": f"{text(8)} {in_title}",
            "abstract": f"{text(120)} {' '.join(shared)}",
            "authors": [{"name": f"{text(1).title()}, {text(1).title()}"} for _ in range(rng.randint(1, 8))],
            "keywords": text(4).split(),
            "licence": rng.choice(("CC0-1.0", "CC0-1.0", "CC-BY-4.0")),
            "biosamples": [{"id": "b", "organism": {"name": rng.choice(ORGANISMS)}}],
            "specimens": [{"id": "s", "molecules": [{"name": text(1), "uniprot": f"P{rng.randint(10000, 15000)}"} for _ in range(3)]}],
            "acquisitions": [{"id": "a", "experiment": rng.choice(EXPERIMENTS), "microscope": {"name": text(1)}}],
            "image_sets": [{"id": f"i{k}", "kind": rng.choice(IMAGE_SET_KINDS), "files": f"{text(1)}/*"} for k in range(rng.randint(1, 3))],
            "maps": [{"id": "m", "file": "map.mrc", "resolution_a": round(rng.uniform(1.5, 20), 1)}] if rng.random() < 0.6 else [],
            "processes": [{"id": "p", "kind": rng.choice(("3D refinement", "picking")), "software": {"name": rng.choice(("RELION", "cisTEM"))}}],
        }
        yield EntryRecord(
            accession=EntryId.from_number(10_001 + i),
            version=1,
            created_at="2026-01-01T00:00:00Z",
            released_at=f"{rng.randint(2014, 2026)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T12:00:00Z",
            file_count=rng.randint(1, 10_000),
            size_bytes=rng.randint(10**6, 10**13),
            image_count=rng.randint(1, 10_000),
            sheet=Sheet.model_validate(sheet),
        )


def fill(catalogue: Catalogue, records: Iterator[EntryRecord]) -> None:
    """Write only what a search reads, all at once: the bench is about questions."""
    index = full_text("sqlite")
    with catalogue.write() as connection:
        rows = []
        for change, record in enumerate(records, 1):
            counts = {"file_count": record.file_count, "size_bytes": record.size_bytes, "image_count": record.image_count}
            number = EntryId(record.accession).number
            index.put(connection, number, entry_texts(record, ()))
            columns, summary = entry_columns(record, **counts), entry_summary(record, **counts, cover=1)
            values = {"number": number, "change": change, "state": "RELEASED"}
            rows.append(values | {"columns": json.dumps(columns), "summary": json.dumps(summary)})
        connection.execute(insert(search_entries), rows)
        connection.execute(counters.update().where(counters.c.name == "change").values(value=len(rows)))
