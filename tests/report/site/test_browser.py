"""The site in a real browser, from ``file://``: what a reader does with it."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

REQUIRED = "EBMBENCH_BROWSER_REQUIRED"
"""Environment variable that turns the skip without a browser into a failure; CI sets it."""
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
MISSING = BROWSER is None or DRIVER is None

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        MISSING and not os.environ.get(REQUIRED), reason="no chromium and chromedriver"
    ),
]

KINDS = (
    "index.html", "cost.html", "tasks.html", "methods.html", "numbers.html", "cite.html",
    "tasks/2d.rings.html", "methods/dsm.html", "runs/2d.rings.dsm.0.html",
)  # fmt: skip
BOARD = "[data-name=leaderboard-2d]"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Start a browser that records every request and every message of the console."""
    if BROWSER is None or DRIVER is None:
        pytest.fail(f"{REQUIRED} is set, but there is no chromium and chromedriver")
    profile = tmp_path_factory.mktemp("profile")
    options = ChromeOptions()
    options.binary_location = BROWSER
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Chrome, site: Path) -> Chrome:
    """Return the browser at the leaderboard, light, at the width of a desktop."""
    appear(browser, "light", 1200)
    browser.get_log("performance")
    browser.get((site / "index.html").as_uri())
    browser.execute_script("localStorage.clear()")
    return browser


def appear(browser: Chrome, scheme: str, width: int) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def requests(browser: Chrome) -> list[str]:
    messages = [
        json.loads(entry["message"])["message"] for entry in browser.get_log("performance")
    ]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
        and message["params"]["documentURL"].startswith("file:")
    ]


def rows(browser: Chrome, table: str = BOARD) -> list[list[str]]:
    """Return what a table shows: the texts of its visible cells."""
    script = """return [...document.querySelectorAll(arguments[0] + ' tr')]
        .filter(row => row.checkVisibility())
        .map(row => [...row.cells].filter(cell => cell.checkVisibility())
            .map(cell => (cell.querySelector('button')?.textContent ?? cell.innerText).trim()))"""
    found: list[list[str]] = browser.execute_script(script, table)
    return found


def names(browser: Chrome) -> list[str]:
    return [row[0].split()[0] for row in rows(browser)[1:]]


def head(browser: Chrome, title: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, f'{BOARD} thead button[data-title="{title}"]')


def colour(browser: Chrome) -> Any:
    return browser.execute_script("return getComputedStyle(document.body).backgroundColor")


@pytest.mark.parametrize("kind", KINDS)
def test_pages_load_from_files_without_errors_or_requests(
    page: Chrome, site: Path, kind: str
) -> None:
    page.get((site / kind).as_uri())
    drawn = page.find_elements(By.CSS_SELECTOR, ".plot .canvas")
    assert all(canvas.find_elements(By.CSS_SELECTOR, ".main-svg") for canvas in drawn)
    asked = requests(page)
    assert any(url.endswith("site.css") for url in asked)
    assert [url for url in asked if urlparse(url).scheme not in ("file", "data", "blob")] == []
    assert all(Path(unquote(urlparse(u).path)).is_file() for u in asked if u.startswith("file:"))
    assert page.get_log("browser") == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_scrolls_no_page_sideways(page: Chrome, site: Path, kind: str) -> None:
    appear(page, "light", 390)
    page.get((site / kind).as_uri())
    widths = page.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert widths == [390, 390]


def test_a_heading_sorts_objectives_both_ways_and_what_has_no_number_is_last(page: Chrome) -> None:
    by = {row[0].split()[0]: row[2] for row in rows(page)[1:]}
    assert by["cd"] == "diverged 1/2"
    apart = ("mle-exact", "gaussian", "cd")
    scored = sorted((n for n in by if n not in apart), key=lambda n: float(by[n].split()[0]))
    head(page, "pinwheel").click()
    assert names(page) == ["mle-exact", *scored, "cd", "gaussian"]
    head(page, "pinwheel").click()
    assert names(page) == ["mle-exact", *scored[::-1], "cd", "gaussian"]
    cell = head(page, "pinwheel").find_element(By.XPATH, "..")
    assert cell.get_attribute("aria-sort") == "descending"


def test_sorting_works_by_keyboard(page: Chrome) -> None:
    button = head(page, "method")
    for _ in range(2):
        before = names(page)
        page.execute_script("arguments[0].focus()", button)
        page.switch_to.active_element.send_keys(Keys.ENTER)
    assert names(page)[1:-1] == sorted(before[1:-1], reverse=True) == before[1:-1][::-1]


def test_cells_switch_to_log_likelihood_and_back(page: Chrome) -> None:
    paired = rows(page)
    raw = "[data-name=leaderboard-2d-raw]"
    assert rows(page, raw) == []
    count = page.find_element(By.ID, "count").text
    page.find_element(By.ID, "cells-raw").click()
    assert rows(page) == []
    shown = rows(page, raw)
    assert shown[-1][0] == "true density"
    assert [row[0] for row in shown[:-1]] == [row[0] for row in paired]
    value = {row[0].split()[0]: float(row[4].split()[0]) for row in shown[1:]}
    regret = {row[0].split()[0]: float(row[4].split()[0]) for row in paired[1:]}
    assert regret
    for method, lost in regret.items():
        assert value[method] + lost == pytest.approx(value["true"], abs=2e-3)
    assert page.find_element(By.ID, "count").text == count
    page.find_element(By.ID, "cells-paired").click()
    assert rows(page) == paired


def test_the_numbers_that_matter_are_on_a_phone_without_scrolling_sideways(page: Chrome) -> None:
    appear(page, "light", 390)
    table = "[data-name=overall-2d]"
    assert rows(page, table)[0] == ["method", "rank", "level", "gap left", "> Gauss."]
    right = """return Math.max(...[...document.querySelectorAll(arguments[0] + ' tr > *')]
        .filter(cell => cell.checkVisibility()).map(cell => cell.getBoundingClientRect().right))"""
    assert page.execute_script(right, table) <= 390
    page.find_element(By.CSS_SELECTOR, "#overall-2d .whole").click()
    assert "worst run" in rows(page, table)[0]
    appear(page, "light", 1200)
    assert "worst run" in rows(page, table)[0]


def test_the_verdict_comes_before_the_summary_and_the_summary_before_the_boards(
    page: Chrome,
) -> None:
    tops = [
        page.find_element(By.CSS_SELECTOR, css).location["y"]
        for css in (".verdict", "#overall-2d", "#leaderboard-2d")
    ]
    assert tops == sorted(tops)
    text = page.find_element(By.CSS_SELECTOR, ".verdict").text
    assert "a mean rank of" in text
    assert names(page)[1] in text
    assert "`" not in text


def test_the_theme_button_says_what_it_does(page: Chrome) -> None:
    button = page.find_element(By.ID, "theme")
    assert button.text == "Use dark theme"
    button.click()
    assert button.text == "Use light theme"
    page.execute_script("localStorage.clear()")


def test_a_plot_is_no_wider_than_a_phone(page: Chrome, site: Path) -> None:
    appear(page, "light", 390)
    page.get((site / "tasks" / "2d.rings.html").as_uri())
    widths = """return [...document.querySelectorAll('.canvas')].map(canvas =>
        canvas.querySelector('.main-svg').getBoundingClientRect().width - canvas.clientWidth)"""
    found = WebDriverWait(page, 20).until(lambda _: page.execute_script(widths))
    assert max(found) <= 0.5


def test_the_first_tab_skips_to_the_content(page: Chrome) -> None:
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert page.switch_to.active_element.text == "Skip to the content"
    assert page.switch_to.active_element.is_displayed()


def test_search_and_filters_leave_what_matches(page: Chrome) -> None:
    page.find_element(By.ID, "search").send_keys("SM")
    assert set(names(page)) == {"ssm", "dsm"}
    page.find_element(By.ID, "search").clear()
    page.find_element(By.ID, "search").send_keys("nothing like it")
    assert names(page) == []
    assert page.find_element(By.ID, "count").text == "0 rows"
    assert "Nothing matches" in page.find_element(By.CSS_SELECTOR, "section[data-board='2d']").text
    page.find_element(By.ID, "search").send_keys(Keys.CONTROL, "a", Keys.DELETE)
    Select(page.find_element(By.CSS_SELECTOR, "[data-filter=family]")).select_by_visible_text(
        "score matching"
    )
    assert set(names(page)) == {"ssm", "dsm"}
    page.find_element(By.CSS_SELECTOR, "[data-filter=certified]").click()
    assert names(page) == ["ssm"]
    Select(page.find_element(By.ID, "board")).select_by_value("uci")
    assert not page.find_element(By.CSS_SELECTOR, BOARD).is_displayed()


def test_the_download_is_what_is_shown(page: Chrome, tmp_path: Path) -> None:
    page.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    page.find_element(By.ID, "search").send_keys("s")
    head(page, "rings").click()
    table = page.find_element(By.ID, "leaderboard-2d")
    table.find_element(By.CSS_SELECTOR, "details.columns summary").click()
    for column in table.find_elements(By.CSS_SELECTOR, "[data-column='1'], [data-column='3']"):
        column.click()
    table.find_element(By.CSS_SELECTOR, "details.columns summary").click()
    table.find_element(By.CSS_SELECTOR, ".csv").click()
    path = tmp_path / "leaderboard-2d.csv"
    WebDriverWait(page, 20).until(lambda _: path.is_file() and path.stat().st_size)
    with path.open(encoding="utf-8", newline="") as file:
        saved = list(csv.reader(file))
    shown = [[" ".join(cell.split()) for cell in row] for row in rows(page)]
    assert saved == shown
    assert saved[0][:2] == ["method", "pinwheel"]
    assert "rings" not in saved[0]


def test_a_cell_opens_the_run_behind_it(page: Chrome) -> None:
    row = page.find_element(By.XPATH, "//table[@data-name='leaderboard-2d']//tr[th/a='cd']")
    row.find_element(By.LINK_TEXT, "diverged 1/2").click()
    assert page.current_url.endswith("runs/2d.pinwheel.cd.1.html")
    assert "Loss is nan" in page.find_element(By.TAG_NAME, "main").text
    page.find_element(By.LINK_TEXT, "seed 0").click()
    assert page.current_url.endswith("runs/2d.pinwheel.cd.0.html")
    page.find_element(By.LINK_TEXT, "2d/pinwheel").click()
    assert page.current_url.endswith("tasks/2d.pinwheel.html")


def test_dark_follows_the_system_and_the_button_and_stays(page: Chrome, site: Path) -> None:
    light = colour(page)
    appear(page, "dark", 1200)
    dark = colour(page)
    assert dark != light
    page.find_element(By.ID, "theme").click()
    assert colour(page) == light
    page.get((site / "cost.html").as_uri())
    assert colour(page) == light
    page.find_element(By.ID, "theme").click()
    assert colour(page) == dark
    page.execute_script("localStorage.clear()")


def test_plots_change_axes_and_list_their_numbers(page: Chrome, site: Path) -> None:
    page.get((site / "tasks" / "2d.rings.html").as_uri())
    plot = page.find_element(By.ID, "plot-curves")
    title = "return arguments[0].querySelector('.xtitle').textContent"
    assert page.execute_script(title, plot) == "training steps"
    Select(plot.find_element(By.TAG_NAME, "select")).select_by_visible_text(
        "log-likelihood against seconds"
    )
    WebDriverWait(page, 20).until(lambda _: page.execute_script(title, plot) == "training seconds")
    plot.find_element(By.CSS_SELECTOR, "details.data summary").click()
    WebDriverWait(page, 20).until(lambda _: plot.find_elements(By.CSS_SELECTOR, ".data tbody tr"))
    listed = plot.find_elements(By.CSS_SELECTOR, ".data tbody tr")
    assert [cell.text for cell in listed[0].find_elements(By.TAG_NAME, "td")][:2] == ["cd", "0.5"]


def test_what_a_card_says_runs_nowhere(page: Chrome, site: Path) -> None:
    for name in ("methods/nce.html", "runs/2d.pinwheel.cd.1.html", "cite.html"):
        page.get((site / name).as_uri())
        assert "<img src=x" in page.find_element(By.TAG_NAME, "main").text
        assert page.find_elements(By.CSS_SELECTOR, "img[src=x]") == []
        assert page.get_log("browser") == []
