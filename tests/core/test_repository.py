"""What lies in the repository: little, no loose record and no site; no page links to nowhere."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("results/**/*.md")])


@cache
def tracked() -> tuple[str, ...]:
    """Paths under version control; what another program has put beside them does not count."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no checkout of git: {error}")
    return tuple(path for path in listed.stdout.split("\0") if path and (ROOT / path).exists())


def test_the_repository_is_light() -> None:
    assert len(tracked()) < 700
    results = [ROOT / path for path in tracked() if path.startswith("results/")]
    assert sum(path.stat().st_size for path in results) < 12 * 2**20


def test_no_loose_record_and_no_site_is_under_version_control() -> None:
    loose = re.compile(r"^results/[^/]+/(runs|site)/")
    assert [path for path in tracked() if loose.match(path)] == []


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_file_that_a_page_links_is_there(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text)
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (page.parent / link).exists()] == []
