"""Search 50,000 synthetic entries: a page of 20 with all facet counts, beside the full-text query alone; pages of their images."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import httpx
from sqlalchemy import Connection, insert

from micrographia.assembly import open_archive
from micrographia.catalogue import Catalogue, SearchQuery
from micrographia.catalogue.facets import entry_columns, entry_summary, entry_texts
from micrographia.catalogue.fulltext import full_text
from micrographia.catalogue.tables import counters, entries, images, listings, search_entries, versions
from micrographia.ids import EntryId
from micrographia.model.records import EntryRecord
from micrographia.model.sheet import Sheet
from micrographia.model.vocabulary import EXPERIMENTS, IMAGE_SET_KINDS
from micrographia.settings import Settings
from micrographia.testing.entries import make_image
from micrographia.web.app import create_app

ENTRIES = 50_000
IMAGES_PER_ENTRY = 20
IMAGES_PER_PAGE = 48
# word → share of the entries whose text holds it
SHARES = {"ferritin": 0.0002, "proteasome": 0.02, "ribosome": 0.4}
# p50 of the page as HTML
TARGETS_MS = {"ferritin": 5.0, "proteasome": 20.0, "ribosome": 40.0}
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
            "processes": [
                {"id": "p", "kind": rng.choice(("3D refinement", "picking")), "software": {"name": rng.choice(("RELION", "cisTEM"))}}
            ],
        }
        yield EntryRecord(
            accession=EntryId.from_number(10_001 + i),
            version=1,
            created_at="2026-01-01T00:00:00Z",
            released_at=f"{rng.randint(2014, 2026)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T12:00:00Z",
            file_count=rng.randint(1, 10_000),
            size_bytes=rng.randint(10**6, 10**13),
            image_count=IMAGES_PER_ENTRY,
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
            kinds = dict(Counter(kind_of_image(i) for i in range(record.image_count)))
            columns, summary = entry_columns(record, **counts, images_by_kind=kinds), entry_summary(record, **counts, cover=1)
            values = {"number": number, "change": change, "state": "RELEASED"}
            rows.append(values | {"columns": json.dumps(columns), "summary": json.dumps(summary)})
        connection.execute(insert(search_entries), rows)
        put_images(connection, [row["number"] for row in rows])
        connection.execute(counters.update().where(counters.c.name == "change").values(value=len(rows)))


def kind_of_image(i: int) -> str:
    """Return the kind of the i-th image of every entry."""
    return "map" if i == 0 else "micrograph"


def put_images(connection: Connection, numbers: list[int]) -> None:
    """Write the images of all entries, which differ in their numbers alone."""
    at = {"version": 1, "created_at": "", "released_at": "2026-01-01"}
    whole = {"state": "RELEASED", "latest_version": 1, "created_at": "", "released_at": at["released_at"], "detail": "{}"}
    connection.execute(insert(entries), [{"number": n, **whole} for n in numbers])
    connection.execute(insert(listings), [{"id": n, "number": n, "version": 1} for n in numbers])
    blank = dict.fromkeys(("title", "hold_until", "change_note", "manifest_sha256"), "")
    counts = {"file_count": 0, "size_bytes": 0, "image_count": IMAGES_PER_ENTRY, "document": "{}", "state": "RELEASED"}
    connection.execute(insert(versions), [{"number": n, "listing": n, **at, **blank, **counts} for n in numbers])
    documents = [make_image(i + 1, kind=kind_of_image(i)).model_dump_json(exclude_defaults=True) for i in range(IMAGES_PER_ENTRY)]
    for n in numbers:
        rows = [{"listing": n, "number": i + 1, "kind": kind_of_image(i), "document": d} for i, d in enumerate(documents)]
        connection.execute(insert(images), rows)


def main() -> None:
    """Print p50 and p90 of a whole HTML page, of the catalogue's part of it, and of the full-text query alone, in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-search-") as folder:
        archive = open_archive(Settings(home=Path(folder)))
        start = time.perf_counter()
        fill(archive.catalogue, synthetic_entries(options.entries))
        print(f"{options.entries:,} synthetic entries written in {time.perf_counter() - start:.0f} s")
        start = time.perf_counter()
        archive.catalogue.search(SearchQuery("ribosome"))
        print(f"the first search of a process, which reads the columns, took {time.perf_counter() - start:.1f} s")
        with asyncio.Runner() as runner, contextlib.closing(sqlite3.connect(Path(folder) / "catalogue.sqlite")) as plain:
            client = httpx.AsyncClient(transport=httpx.ASGITransport(create_app(archive)), base_url="http://bench")
            print(f"{'':28}{'hits':>7}{'HTML page, ms':>22}{'search + facets':>20}{'FTS5 top 20 alone':>20}{'target p50':>14}")
            for word, target in TARGETS_MS.items():
                asked = SearchQuery(word)
                contenders: list[Callable[[], object]] = [
                    lambda word=word: runner.run(_page(client, word)),
                    lambda asked=asked: archive.catalogue.search(asked),
                    lambda word=word: plain.execute(
                        "SELECT rowid FROM entry_text WHERE entry_text MATCH ? ORDER BY rank LIMIT 20", (word,)
                    ).fetchall(),
                ]
                figures = [_figures(times) for times in _in_turn(contenders, options.rounds)]
                verdict = "reached" if figures[0][0] <= target else "MISSED"
                shown = "".join(f"{f'{p50:.1f} (p90 {p90:.1f})':>20}" for p50, p90 in figures)
                print(f"  {word:<26}{archive.catalogue.search(asked).total:>7,}  {shown}{target:>7g} {verdict}")
            last = options.entries * IMAGES_PER_ENTRY // IMAGES_PER_PAGE
            for page in (1, last // 2, last):
                searched = SearchQuery(of_images=True, page=page, per_page=IMAGES_PER_PAGE, facet_values=0)
                ((p50, p90),) = map(_figures, _in_turn([partial(archive.catalogue.search, searched)], options.rounds))
                print(f"  page {page:,} of the {options.entries * IMAGES_PER_ENTRY:,} images of all entries: {p50:.1f} ms (p90 {p90:.1f})")
            runner.run(client.aclose())
        archive.catalogue.close()


async def _page(client: httpx.AsyncClient, word: str) -> None:
    (await client.get("/entries", params={"q": word})).raise_for_status()


def _in_turn(contenders: Sequence[Callable[[], object]], rounds: int) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in contenders]
    for number in range(rounds + 1):
        for run, taken in zip(contenders, times, strict=True):
            start = time.perf_counter()
            run()
            if number:  # the first round warms up
                taken.append((time.perf_counter() - start) * 1e3)
    return times


def _figures(times: list[float]) -> tuple[float, float]:
    """Median and 90th percentile, ms."""
    return statistics.median(times), statistics.quantiles(times, n=10)[-1]


if __name__ == "__main__":
    main()
