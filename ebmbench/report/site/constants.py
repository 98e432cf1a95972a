"""Who knows its own constant, as a table of every family."""

from __future__ import annotations

from collections.abc import Sequence

from ebmbench.report.site.links import method_link, task_link
from ebmbench.report.site.page_table import Column, Entry, Line, PageTable
from ebmbench.report.stats.constants import MethodConstants
from ebmbench.report.stats.families import family_title
from ebmbench.report.tables.constants import constants_columns, constants_rows


def constants_tables(methods: Sequence[MethodConstants]) -> list[PageTable]:
    """Return, per family, the table of what methods say of their ``log Z``."""
    tables = []
    for family in dict.fromkeys(each.family for each in methods):
        of_family = [each for each in methods if each.family == family]
        heads = constants_columns(of_family)
        columns = [Column(heads[0], numeric=False), *map(Column, heads[1:3])]
        columns += [Column(task, task_link(task)) for task in heads[3:]]
        lines = []
        for each, (method, *texts) in zip(of_family, constants_rows(of_family), strict=True):
            errors = each.errors()
            values = [each.size, each.refused, *(errors.get(task) for task in heads[3:])]
            cells = [Entry(text, value) for text, value in zip(texts, values, strict=True)]
            lines.append(Line([Entry(method, method, method_link(method)), *cells]))
        caption = f"{family_title(family)}: own log Z less the evaluation's, nats"
        tables.append(PageTable(f"constants-{family}", caption, columns, lines))
    return tables
