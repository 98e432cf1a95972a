"""The command line, one module per verb; a verb imports what it needs when it is called."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from ebmbench import __version__
from ebmbench.errors import EbmbenchError, did_you_mean

VERBS = {
    "list": "List tasks, methods or metrics.",
    "run": "Train and evaluate methods on tasks.",
    "report": "Show the leaderboard of an output folder; write its tables, pictures and site.",
    "score": "Compute the metrics again from stored weights, without training.",
    "compare": "Say what got better or worse between two output folders.",
    "check": "Check that an output folder is whole, or that a card keeps its contract.",
    "publish": "Make results fit for a repository: packed records, tables, metadata; or unpack.",
    "new": "Write the beginning of a task or a method.",
    "cite": "Print BibTeX of the tasks and methods that were used.",
    "connections": "Measure the limits that connect the objectives.",
    "gradients": "Compare every objective's gradient with the exact one of the likelihood.",
    "reproduce": "Run published experiments again and judge their claims.",
    "data": "List, fetch and verify data files.",
}


class _Verbs(click.Group):
    """Imports ``ebmbench.cli.<verb>`` only when the verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"ebmbench.cli.{cmd_name}_verb")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            raise EbmbenchError(f"unknown command {args[0]!r}{did_you_mean(args[0], VERBS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ebmbench")
def app() -> None:
    """Compare training objectives for energy-based models: quality and cost on equal terms."""


def main() -> None:
    """Run the command line; bad input ends with one sentence and status 2."""
    # A card may name a class in a module beside it; a script does not look there by itself.
    sys.path.append(str(Path.cwd()))
    try:
        status = app(standalone_mode=False)
    except EbmbenchError as error:
        click.echo(f"ebmbench: {error}", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("ebmbench: interrupted; finished runs are kept", err=True)
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)
