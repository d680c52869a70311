"""The command line: each command parses its input, calls one verb or the client, and prints."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command that the shell's words name and leave with its exit code."""
    from micrographia.cli.application import application
    from micrographia.cli.exit_codes import INTERRUPTED, exit_code
    from micrographia.cli.output import say_failure
    from micrographia.errors import MicrographiaError

    try:
        application()
    except MicrographiaError as error:
        say_failure(error)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # whoever read our output has gone; nothing more can be said there, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(0)
