"""What lies in the repository: little, no loose record and no site; no page links to nowhere."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
    assert len(tracked()) < 1100
    results = [ROOT / path for path in tracked() if path.startswith("results/")]
    # A third of it are the runs of all searches, packed.
    assert sum(path.stat().st_size for path in results) < 20 * 2**20


def test_no_loose_record_and_no_site_is_under_version_control() -> None:
    loose = re.compile(r"^results/[^/]+/(runs|site)/")
    assert [path for path in tracked() if loose.match(path)] == []


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_file_that_a_page_links_is_there(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text)
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_citation_file_names_this_software() -> None:
    """Fields as of https://github.com/citation-file-format/citation-file-format, version 1.2.0."""
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert said["cff-version"] == "1.2.0"
    assert said["type"] == "software"
    assert said["message"]
    assert said["title"].startswith(f"{project['name']}: ")
    assert said["version"] == project["version"]
    assert said["license"] == project["license"]
    assert said["authors"] == project["authors"]
    allowed = {"abstract", "authors", "cff-version", "date-released", "doi", "keywords", "license",
               "message", "repository-code", "title", "type", "url", "version"}  # fmt: skip
    assert set(said) <= allowed


def test_the_lock_file_holds_a_version_of_everything_that_is_asked_for() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    pinned = {}
    for line in lines:
        # A name and a version: no path of a machine, no address of a registry.
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)", line)
        assert match, line
        pinned[canonicalize_name(match[1])] = match[2]
    assert len(pinned) == len(lines)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    waiting = [Requirement(each) for each in project["dependencies"] + extras["tests"]]
    checked = 0
    while waiting:
        requirement = waiting.pop()
        if requirement.name == project["name"]:
            waiting += [
                Requirement(each) for extra in requirement.extras for each in extras[extra]
            ]
            continue
        checked += 1
        version = pinned.get(canonicalize_name(requirement.name), "")
        assert requirement.specifier.contains(version, prereleases=True), requirement
    assert checked > len(project["dependencies"]) + len(extras["tests"]) - 1
