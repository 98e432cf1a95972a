"""What must not stand in one table: presets, selections, versions or edits of a card, or rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ebmbench.cards import Card
from ebmbench.errors import EbmbenchError
from ebmbench.records import Record


def refuse_mixtures(records: Sequence[Record]) -> None:
    """Check that all numbers answer the same question.

    Raises:
        EbmbenchError: the records mix presets, selections, versions of a card, cards of one
            version, or rows of one task and seed.
    """
    presets = sorted({record.preset for record in records})
    if len(presets) > 1:
        raise EbmbenchError(f"the records mix the presets {' and '.join(presets)}")
    rules = sorted({record.selected_by for record in records})
    if len(rules) > 1:
        raise EbmbenchError(f"the records mix the selections {' and '.join(rules)}")
    tasks: dict[str, list[Card]] = defaultdict(list)
    methods: dict[str, list[Card]] = defaultdict(list)
    for record in records:
        tasks[record.task].append(record.task_card)
        methods[record.method].append(record.method_card)
    for kind, cards in (("task", tasks), ("method", methods)):
        for name, used in cards.items():
            versions = sorted({card.version for card in used})
            if len(versions) > 1:
                raise EbmbenchError(
                    f"the records mix versions {' and '.join(map(str, versions))} of {kind} "
                    f"{name!r}; run the old ones again"
                )
    rows: dict[tuple[str, int], str] = {}
    for record in records:
        data = record.hashes.get("data") if record.metrics else None
        if data and rows.setdefault((record.task, record.seed), data) != data:
            raise EbmbenchError(
                f"the records hold runs of {record.task} at seed {record.seed} on different rows "
                f"(one is {record.method}); run all on the same rows"
            )
    # A method's card differs between tasks by what is tuned, so it is compared within one.
    pairs: dict[str, list[Card]] = defaultdict(list)
    for record in records:
        pairs[f"method {record.method!r} on {record.task}"].append(record.method_card)
    for what, used in ({f"task {name!r}": cards for name, cards in tasks.items()} | pairs).items():
        if any(card != used[0] for card in used):
            raise EbmbenchError(
                f"the records hold different cards of {what} under one version; run all with the "
                "same card and --steps, or choose another output folder"
            )
