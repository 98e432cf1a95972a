"""Writing the site; the same records give the same bytes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.records import Record
from ebmbench.report.site.content import Content, gather
from ebmbench.report.site.cost_page import cost_page
from ebmbench.report.site.history import history_page
from ebmbench.report.site.leaderboard_page import leaderboard_page
from ebmbench.report.site.method_page import method_page, methods_page
from ebmbench.report.site.numbers_page import cite_page, numbers_page
from ebmbench.report.site.pictures import Gallery, draw_gallery
from ebmbench.report.site.render import Page, render
from ebmbench.report.site.run_page import run_pages
from ebmbench.report.site.task_page import task_page, tasks_page
from ebmbench.report.stats.rows import moments

ASSETS = Path(__file__).parent / "assets"
MARKER = ".ebmbench-site"
"""An empty file that says that a folder is a site of ours, and may be written anew."""


def build_site(records: Sequence[Record], out: Path, asv: Path | None = None) -> Path:
    """Write the site of an output folder and return its first page.

    An older site is replaced, once the new one is whole.

    Arguments:
        records: of the folder.
        out: the folder; the site goes to ``site/``.
        asv: a folder of asv results, whose history is drawn.

    Raises:
        EbmbenchError: the records do not belong into one report, the results of asv cannot be
            read, or ``site/`` holds something else.
    """
    site, fresh = out / "site", out / ".site.new"
    if site.exists() and not (site / MARKER).is_file():
        raise EbmbenchError(f"{str(site)!r} is not a site that ebmbench wrote; move it away")
    content = gather(records, moments(records, out))
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(ASSETS, fresh / "assets")
    # GitHub Pages would otherwise drop what its Jekyll does not like.
    for name in (MARKER, ".nojekyll"):
        (fresh / name).touch()
    gallery = draw_gallery(content.records, out, fresh)
    common = {"preset": content.boards.preset, "history": asv is not None}
    for folder in ("tasks", "methods", "runs"):
        (fresh / folder).mkdir()
    for page in _pages(content, gallery, asv):
        path = fresh / page.path
        path.write_text(render(page, common), encoding="utf-8", newline="")
    shutil.rmtree(site, ignore_errors=True)
    fresh.rename(site)
    return site / "index.html"


def _pages(content: Content, gallery: Gallery, asv: Path | None) -> Iterator[Page]:
    yield leaderboard_page(content)
    yield cost_page(content)
    yield tasks_page(content)
    yield methods_page(content)
    yield numbers_page(content)
    yield cite_page(content)
    if asv is not None:
        yield history_page(asv)
    for task in content.tasks:
        yield task_page(content, task, gallery)
    for method in content.methods:
        yield method_page(content, method)
    for runs in content.pairs.values():
        yield from run_pages(content, runs, gallery)
