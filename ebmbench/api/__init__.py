"""The Python interface: everything that the command line does, for notebooks and scripts.

One model by hand:

    >>> import ebmbench
    >>> data = ebmbench.load_data("2d/two-moons", seed=0)
    >>> energy = ebmbench.build_energy("2d/two-moons", data, seed=0, method="dsm")
    >>> training = ebmbench.train(energy, "dsm", data, "2d/two-moons", steps=20)
    >>> numbers = ebmbench.evaluate(energy, data, "2d/two-moons", ["log_likelihood"])
    >>> numbers["log_likelihood"].certified
    True

A model of one's own, of which nothing is known but that it takes rows::

    energy = ebmbench.wrap(my_network, rows)
    ebmbench.train(energy, "dsm", rows)
    ebmbench.evaluate(energy, test, train=rows)

A grid, in worker processes, with records, tables and pictures under ``out``::

    table = ebmbench.run("dsm,ssm", "2d/*", out="runs/mine", preset="smoke")
    table.query("metric == 'log_likelihood'").pivot_table("value", "task", "method")
"""

from ebmbench.api.choosing import list_methods, list_tasks, method, task
from ebmbench.api.models import build_energy, evaluate, load_data, train, wrap
from ebmbench.api.runs import leaderboard, results, run

__all__ = [
    "build_energy",
    "evaluate",
    "leaderboard",
    "list_methods",
    "list_tasks",
    "load_data",
    "method",
    "results",
    "run",
    "task",
    "train",
    "wrap",
]
