"""`./dev bench` lists the benches, `./dev bench NAME …` runs one, `./dev bench all` runs them all."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent
NOT_BENCHES = {"__main__", "__init__", "harness", "serving", "peers", "peers_alignment", "peers_tensorstore"}
# the name of a bench is that of what a user does; where it differs from its module's
ALIASES = {"describe": "walk"}


def names() -> dict[str, str]:
    """Return the module of each bench."""
    modules = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NOT_BENCHES)
    shown = {module: name for name, module in ALIASES.items()}
    return {shown.get(module, module): module for module in modules}


def main(arguments: list[str]) -> int:
    known = names()
    if not arguments:
        for name, module in known.items():
            doc = ast.get_docstring(ast.parse((HERE / f"{module}.py").read_text())) or ""
            print(f"{name:<12} {doc.splitlines()[0] if doc else ''}")
        return 0
    name, *rest = arguments
    if name != "all" and known.get(name, name) not in known.values():
        print(f"There is no bench {name!r}; there are {', '.join(known)}.", file=sys.stderr)
        return 2
    for module in known.values() if name == "all" else [known.get(name, name)]:
        sys.argv = [f"bench {name}", *rest]
        importlib.import_module(f"bench.{module}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
