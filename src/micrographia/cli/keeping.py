"""The archive itself: `audit`, `rebuild`, `derive`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micrographia.cli.exit_codes import DAMAGE
from micrographia.cli.options import Home, Json, open_home
from micrographia.cli.output import answer, counted, note, progress

if TYPE_CHECKING:
    from micrographia.archive.archive import Archive
    from micrographia.store import Damage

Replica = Annotated[
    str | None, typer.Option("--from", metavar="REPLICA", help="Folder or URL of a copy of the store: what is damaged is mended from it.")
]
Some = Annotated[list[str] | None, typer.Argument(metavar="[ACCESSION]...", help="Entries to read; none means all.", show_default=False)]


def audit(accession: Some = None, home: Home = None, replica: Replica = None, as_json: Json = False) -> None:
    """Read every released byte again and name damage.

    Damaged, missing and undeclared files are named; exit code 4 when there are any that --from could not mend.
    """
    archive = open_home(home)
    from micrographia.archive.audit import audit as read_again

    with progress("reading", unit="bytes") as advance:
        damages = list(read_again(archive, accessions=accession or None, repair_from=replica, progress=advance))
    left = [d for d in damages if not d.repaired]
    told = (
        f"{counted(len(damages), 'damage')} found, {len(damages) - len(left)} repaired." if damages else "Every byte is as it was released."
    )
    answer(
        {"damaged": len(left), "repaired": len(damages) - len(left), "damages": [asdict(d) for d in damages]}, *map(_told, damages), told
    )
    if left:
        if replica is None:
            note("A copy of the store mends it: micrographia audit --from REPLICA.")
        raise typer.Exit(DAMAGE)


def rebuild(home: Home = None, as_json: Json = False) -> None:
    """Make the catalogue anew from the store and the drafts alone."""
    archive = open_home(home)
    from micrographia.archive.rebuild import rebuild as make_anew

    with progress("placing", unit="entries") as advance:
        rebuilt = make_anew(archive, progress=lambda _accession: advance(1))
    answer(
        asdict(rebuilt),
        f"{counted(rebuilt.entries, 'entry', 'entries')} in {counted(rebuilt.versions, 'version')} and "
        f"{counted(rebuilt.drafts, 'draft')} placed.",
        *(f"{a} could not be read; micrographia audit {a} says why." for a in rebuilt.skipped),
    )


def derive(
    home: Home = None,
    wait: Annotated[bool, typer.Option("--wait", help="Where a server is making them already, wait until it is done.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try once more what has failed.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Say what is to do, in work, done and failed; make nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Make thumbnails, smaller copies and sections of all accepted and released images that lack them.

    A server does the same in the background; both may run at once. It can be stopped at any moment: the next run makes the rest.
    """
    archive = open_home(home)
    if status:
        _say_status(archive, retry=retry)
        return
    from micrographia.assembly import PRODUCTS
    from micrographia.derive.making import derive as make

    with progress("making", unit="files") as advance:
        done = make(archive, PRODUCTS, wait=wait, retry=retry, progress=advance)
    answer(
        asdict(done),
        f"{counted(done.made, 'product')} made, {done.failed} failed, {done.pending} pending.",
        *(f"{f.image} {f.product}: {f.message}" for f in archive.catalogue.derived.failures(limit=20)),
    )


def _say_status(archive: Archive, *, retry: bool) -> None:
    from micrographia.assembly import PRODUCTS
    from micrographia.derive import work

    if retry:
        note(f"{counted(work.retry(archive, PRODUCTS), 'product')} are tried again.")
    found = work.work(archive, PRODUCTS)
    rows = [
        f"{p.name}: {'at most ' * p.is_estimate}{p.pending:,} to do, {p.in_work:,} in work, {p.done:,} done, {p.failed:,} failed"
        for p in found.products
    ]
    keeper = f"Made by {found.keeper.process}." if found.keeper else "Nobody makes anything at this moment."
    answer(found.as_json(), *rows, keeper, *(f"{f.image} {f.path} {f.product}: {f.message}" for f in found.failures))


def _told(damage: Damage) -> str:
    digests = f": expected {damage.expected}, found {damage.found}" if damage.expected and damage.found else ""
    return f"{damage.accession} {damage.path or '(the whole entry)'} {damage.kind}{digests}{', repaired' * damage.repaired}"


COMMANDS: dict[str, Callable[..., Any]] = {"audit": audit, "rebuild": rebuild, "derive": derive}
