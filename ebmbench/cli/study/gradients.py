"""``ebmbench study gradients``: why objectives differ, seen in their gradients."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench import catalog
from ebmbench.cards import PRESETS, Preset
from ebmbench.errors import EbmbenchError


@click.command("gradients")
@click.option("--task", "name", required=True, help="A task of at most three dimensions.")
@click.option("--methods", default="all", show_default=True, help="Those with an objective.")
@click.option(
    "--preset", type=click.Choice(PRESETS), default="standard", show_default=True, help="Budget."
)
@click.option("--steps", type=int, help="Of the run, in place of the preset's.")
@click.option("--checkpoints", type=int, default=5, show_default=True)
@click.option("--draws", type=int, default=256, show_default=True, help="Minibatches at each.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where data files lie.")
@click.option("--out", type=click.Path(path_type=Path), help="Output folder. [runs/gradients]")
def command(
    name: str,
    methods: str,
    preset: Preset,
    steps: int | None,
    checkpoints: int,
    draws: int,
    seed: int,
    data_dir: Path | None,
    out: Path | None,
) -> None:
    """Compare every objective's gradient with the exact one of the likelihood.

    At points of a run of exact maximum likelihood: bias, cosine, signal to noise per step and per
    network pass, as a table and a picture.
    """
    from rich import box
    from rich.table import Table

    from ebmbench import api
    from ebmbench.cli.consoles import make_console
    from ebmbench.files import write_atomically
    from ebmbench.harness.grid import with_steps
    from ebmbench.harness.store import open_folder
    from ebmbench.numerics import configure
    from ebmbench.studies.gradients.measure import Comparison, compare_gradients
    from ebmbench.studies.gradients.table import TITLES, cells, draw, to_frame, to_markdown

    for option, value, least in (
        ("--steps", steps, 1),
        ("--checkpoints", checkpoints, 1),
        ("--draws", draws, 2),
        ("--seed", seed, 0),
    ):
        if value is not None and value < least:
            raise EbmbenchError(f"{option} is {value}; allowed: {least} and above")
    task = api.task(name)
    cards = [
        card for card in catalog.select_methods(methods) if card.objective or methods != "all"
    ]
    task = task if steps is None else with_steps(task, preset, steps)
    budget = getattr(task.budget, preset)
    out = out or Path("runs") / "gradients"
    open_folder(out)
    configure(threads=1)
    dataset = api.load_data(task, seed, data_dir)
    console = make_console()
    table = Table(title=task.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for title in TITLES.values():
        table.add_column(title, justify="left" if title == "method" else "right")
    found: list[Comparison] = []
    with console.status("gradients …") as status:
        for each in compare_gradients(
            task, dataset, cards, budget, checkpoints=checkpoints, draws=draws, seed=seed
        ):
            if found and each.step != found[-1].step:
                table.add_section()
            found.append(each)
            table.add_row(*cells(each))
            status.update(f"step {each.step}: {each.method}")
    console.print(table)
    stem = task.name.replace("/", "-")
    write_atomically(out / f"{stem}.md", to_markdown(found, task.title))
    write_atomically(out / f"{stem}.csv", to_frame(found).to_csv(index=False, float_format="%.6g"))
    draw(found, task.title).savefig(out / f"{stem}.png", dpi=130)
    console.print(f"Written to {out}: {stem}.md, .csv, .png", soft_wrap=True, highlight=False)
