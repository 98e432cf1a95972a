"""``ebmbench study``: evidence about the suite and the field, one module per study."""

from __future__ import annotations

import click

from ebmbench.cli.verbs import Verbs

STUDIES = {
    "budgets": "Say how long to train, and who is ahead at equal cost.",
    "connections": "Measure the limits that connect the objectives.",
    "gradients": "Compare every objective's gradient with the exact one of the likelihood.",
    "limits": "Say where each objective breaks, one difficulty at a time.",
    "peers": "Ask this package and its peers for what has a known answer.",
    "reproduce": "Run published experiments again and judge their claims.",
    "validate": "Try the estimators of log Z on models whose log Z is known.",
}


@click.group("study", cls=Verbs, verbs=STUDIES, module="ebmbench.cli.study.{}")
def command() -> None:
    """Measure what stands behind the benchmark; no run needs any of it."""
