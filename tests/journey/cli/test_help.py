"""What the help says is a snapshot: a difference is a decision. Renew it with UPDATE_SNAPSHOTS=1."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from micrographia.cli.application import application

SNAPSHOT = Path(__file__).with_name("help.txt")
EXPECTED_COMMANDS = (
    "describe check deposit show search get release hold submit accept return "
    "revise withdraw obsolete purge audit rebuild serve demo schema fsc"
)


def _help(*words: str) -> str:
    result = CliRunner().invoke(application, [*words, "--help"], terminal_width=100, env={"COLUMNS": "100"}, prog_name="micrographia")
    assert result.exit_code == 0, result.output
    return re.sub(r"[ \t]+$", "", result.output.strip(), flags=re.MULTILINE)


def _commands() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, command in typer.main.get_command(application).commands.items():  # type: ignore[attr-defined]
        parts = getattr(command, "commands", {})
        found |= {f"{name} {part}": inner for part, inner in parts.items()} or {name: command}
    return found


def test_the_commands_are_all_there() -> None:
    assert set(EXPECTED_COMMANDS.split()) <= set(_commands())


def test_the_help_is_as_it_was_decided() -> None:
    text = "\n\n\n".join([_help(), *(_help(*name.split()) for name in _commands())]) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert text == SNAPSHOT.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*EXPECTED_COMMANDS.split(), "user add", "token create"])
def test_every_command_can_answer_in_json(name: str) -> None:
    assert "--json" in [option for parameter in _commands()[name].params for option in parameter.opts]
