"""The documentation speaks of what there is, and of all of it."""

import dataclasses
import importlib.util
import inspect
import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from micrographia import errors
from micrographia.cli.application import application
from micrographia.model.sheet import Sheet, sheet_json_schema
from micrographia.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def commands(group, before=""):
    for name, command in group.commands.items():
        yield from commands(command, f"{before}{name} ") if hasattr(command, "commands") else [(before + name, command)]


COMMANDS = dict(commands(typer.main.get_command(application)))


@pytest.fixture(scope="module")
def generated():
    pytest.importorskip("mkdocs", reason="MkDocs is not installed")
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "_generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: write() for name, write in module.PAGES.items()}


def test_every_setting_is_documented(generated):
    for field in dataclasses.fields(Settings):
        assert f"`MICROGRAPHIA_{field.name.upper()}`" in generated["settings"]


def test_every_class_of_failure_is_documented_with_code_and_status(generated):
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.MicrographiaError) and kind is not errors.MicrographiaError:
            assert re.search(rf"\| `{name}` \| .+ \| \d+ \| \d{{3}} \|", generated["errors"]), name


def test_every_command_and_option_is_documented(generated):
    for name, command in COMMANDS.items():
        section = generated["cli"].split(f"\n## {name}\n")[1].split("\n## ")[0]
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                assert f"`{option}`" in section, f"{name} {option}"


def test_every_field_of_the_sheet_is_documented_and_described(generated):
    schema = sheet_json_schema()
    for part in (schema, *schema["$defs"].values()):
        for name, field in part.get("properties", {}).items():
            assert f"| `{name}`" in generated["sheet"]
            assert field.get("description"), f"{part['title']}.{name} has no description"
    assert set(Sheet.model_fields) - {"schema_"} <= set(schema["properties"])


def test_every_rule_and_format_is_documented(generated):
    from micrographia.checks._rules import RULES
    from micrographia.formats.registry import FORMATS

    for name in RULES:
        assert f"`{name}`" in generated["checks"]
    for format_ in FORMATS:
        assert f"`{format_.name}`" in generated["formats"]


def code_lines():
    """Every line of a code block that calls our command, with where it stands."""
    for page in PAGES:
        for block in re.findall(r"^ *```\w*\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
            for line in block.splitlines():
                if line.strip().startswith("micrographia "):
                    yield page.relative_to(ROOT).as_posix(), line.strip()


@pytest.mark.parametrize(("page", "line"), list(code_lines()))
def test_commands_in_the_text_exist(page, line):
    words = shlex.split(line, comments=True)
    name = next((n for n in (" ".join(words[1:3]), words[1]) if n in COMMANDS), None)
    assert name, f"{page}: {line}"
    known = {option for parameter in COMMANDS[name].params for option in (*parameter.opts, *parameter.secondary_opts)}
    for word in words[2:]:
        if word.startswith("-"):
            assert word.partition("=")[0] in known, f"{page}: {name} has no {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_variables_in_the_text_are_settings(page):
    known = {f"MICROGRAPHIA_{field.name.upper()}" for field in dataclasses.fields(Settings)}
    assert set(re.findall(r"MICROGRAPHIA_[A-Z_]+", page.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page, generated):
    made = {DOCS / "reference" / f"{name}.md" for name in generated}
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"\w+://|#", link):
            continue
        target = (page.parent / link.partition("#")[0]).resolve()
        assert target.exists() or target in made, f"{page.name}: {link}"


def test_navigation_holds_every_page(generated):
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text().split("\nnav:\n")[1])
    named = set()

    def walk(node):
        if isinstance(node, str):
            named.add(node)
        elif isinstance(node, dict):
            for value in node.values():
                walk(value)
        else:
            for item in node:
                walk(item)

    walk(navigation)
    there = {p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md")} | {f"reference/{name}.md" for name in generated}
    assert named == there


def test_decisions_say_what_they_must():
    for page in sorted((DOCS / "decisions").glob("0*.md")):
        text = page.read_text(encoding="utf-8")
        for heading in ("**Context.**", "**Decision.** *", "**Consequences.**", "**Alternatives.**", "**Enforced by**"):
            assert heading in text, f"{page.name}: {heading}"


def test_chores_of_the_readme_exist():
    usage = (ROOT / "dev").read_text()
    named = set(re.findall(r"\./dev (\w+)", "\n".join(p.read_text(encoding="utf-8") for p in PAGES)))
    assert {"demo", "test"} <= named
    for name in named:
        assert re.search(rf"^  {name}\)", usage, re.MULTILINE), f"./dev {name}"


def test_nothing_comes_from_elsewhere():
    settings = (ROOT / "mkdocs.yml").read_text()
    assert "font: false" in settings
    assert not re.search(r"extra_(css|javascript)", settings)
