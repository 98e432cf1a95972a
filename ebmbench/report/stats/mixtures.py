"""What must not stand in one table: presets, selections, versions of a card, or edits of a card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ebmbench.cards import Card
from ebmbench.errors import EbmbenchError
from ebmbench.records import Record


def refuse_mixtures(records: Sequence[Record]) -> None:
    """Check that all numbers answer the same question.

    Raises:
        EbmbenchError: the records mix presets, selections, versions of a card, or cards of one version.
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
