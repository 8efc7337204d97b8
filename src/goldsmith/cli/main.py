"""The command `goldsmith`: one verb per file, each parses, calls the library and shows what it returned."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from goldsmith import __version__
from goldsmith.cli.audit import audit
from goldsmith.cli.build import build
from goldsmith.cli.clone import clone
from goldsmith.cli.doctor import doctor
from goldsmith.cli.explain import explain
from goldsmith.cli.gc import gc
from goldsmith.cli.generalize import generalize
from goldsmith.cli.init import init
from goldsmith.cli.lint import lint
from goldsmith.cli.plan import plan
from goldsmith.cli.report import report
from goldsmith.cli.streams import open_standard_streams, silence_closed_pipes
from goldsmith.cli.verify import verify
from goldsmith.errors import InputError

# What a wrong command line raises. It is click's; typer carries a click of its own since 0.16.
UsageError: Any = typer.BadParameter.__base__

USAGE = InputError.exit_code

app = typer.Typer(
    name="goldsmith",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Golden VM images from one recipe: customized, generalized, audited and proven on booted clones.",
    epilog="Exit codes: 0 done; 1 the build failed; 2 input or command line wrong; 3 this host lacks something; "
    "4 trust does not hold; 5 built but not proven; 130 interrupted; 143 terminated.",
)
for verb in (init, lint, explain, plan, build, generalize, audit, verify, report, clone, doctor, gc):
    app.command()(verb)


def _version(value: bool) -> None:
    if value:
        print(f"goldsmith {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Say the version and end."),
) -> None:
    """Options before the verb."""


def _as_document(error: Any) -> dict[str, object]:
    """What a program that asked for a document gets, as from a verb that fails; without a verb it is of none."""
    group = error.ctx is None or error.ctx.parent is None
    said = {"message": error.format_message(), "hint": None, "exit_code": USAGE, "log": []}
    return {"schema": f"goldsmith.{'error' if group else error.ctx.info_name}/1", "error": said, "findings": []}


def main() -> None:
    """The entry point: ends with the documented exit code, never with a traceback."""
    open_standard_streams()
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except UsageError as error:
        error.show()
        code = USAGE
        if "--json" in sys.argv[1:]:
            print(json.dumps(_as_document(error), indent=2))
    except (typer.Abort, KeyboardInterrupt):
        print("error: interrupted", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        silence_closed_pipes()
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
