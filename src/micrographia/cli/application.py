"""All commands, in the order in which a deposit meets them."""

from __future__ import annotations

from typing import Annotated

import typer

from micrographia import __version__
from micrographia.cli import comparing, depositing, describing, keeping, moving, people, reading, resolution, serving, similar

application = typer.Typer(
    name="micrographia",
    help="An archive for 3D electron microscopy and bioimages: deposit, check, keep, find, look, stream, download.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"micrographia {__version__}")
        raise typer.Exit


@application.callback()
def _start(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    pass


for _group in (describing, depositing, moving, reading, resolution, similar, comparing, keeping, serving):
    for _name, _command in _group.COMMANDS.items():
        application.command(_name)(_command)

for _name, _several in people.GROUPS.items():
    application.add_typer(_several, name=_name)
