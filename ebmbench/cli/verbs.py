"""A group of commands, each a module that is imported only when its verb is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from ebmbench.errors import EbmbenchError, cut, did_you_mean


class Verbs(click.Group):
    """A group whose commands are the ``command`` of one module each.

    Arguments:
        verbs: name to the line of help.
        module: where a verb is found, with ``{}`` for its name.
        moved: former names to what is typed now; they are answered with it.
        meant: other words for a verb, which is what they are answered with.
    """

    def __init__(
        self,
        *arguments: Any,
        verbs: Mapping[str, str],
        module: str,
        moved: Mapping[str, str] | None = None,
        meant: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self.verbs = verbs
        self.module = module
        self.moved = moved or {}
        self.meant = meant or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See :class:`click.Group`: in the order of the table."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See :class:`click.Group`."""
        if cmd_name not in self.verbs:
            return None
        command: click.Command = importlib.import_module(self.module.format(cmd_name)).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See :class:`click.Group`.

        Raises:
            EbmbenchError: a verb that is not there, or that has another name now.
        """
        if args and args[0] in self.moved:
            raise EbmbenchError(f"`ebmbench {args[0]}` is now `ebmbench {self.moved[args[0]]}`")
        if args and args[0] not in self.verbs and not args[0].startswith("-"):
            meant = self.meant.get(args[0])
            hint = did_you_mean(args[0], self.verbs)
            if meant is not None:
                hint = f"; did you mean {meant!r}?"
            raise EbmbenchError(f"unknown command {cut(args[0])!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See :class:`click.Group`: from the table, without an import."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.verbs.items()))
