"""Data files: found in order, refused when wrong, downloaded with a checksum."""

from __future__ import annotations

import functools
import hashlib
import io
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from ebmbench.cli import app
from ebmbench.cli.downloads import DownloadBar
from ebmbench.datasets import store
from ebmbench.datasets.store import DataUnavailable, RemoteFile
from ebmbench.errors import EbmbenchError

CONTENT = b"1,2\n3,4\n"


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the standard error stream."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """An address that serves ``folder/table.csv``."""
    root = tmp_path / "official"
    (root / "folder").mkdir(parents=True)
    (root / "folder/table.csv").write_bytes(CONTENT)
    handler = functools.partial(_Silent, directory=str(root))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EBMBENCH_DATA", raising=False)
    monkeypatch.setattr(store, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(store, "RETRIES", 0)


def known(monkeypatch: pytest.MonkeyPatch, url: str, content: bytes = CONTENT) -> str:
    checksum = "sha256:" + hashlib.sha256(content).hexdigest()
    file = RemoteFile("folder/table.csv", f"{url}/folder/table.csv", checksum, "CC BY 4.0")
    monkeypatch.setattr(store, "FILES", {file.name: file})
    return file.name


def place(root: Path, content: bytes = CONTENT) -> Path:
    path = root / "folder/table.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_downloads_into_the_cache_and_finds_it_there(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = known(monkeypatch, server)
    with pytest.raises(DataUnavailable, match=r"ebmbench data fetch folder/table.csv"):
        store.find(name)
    bar = DownloadBar(name, Console(file=io.StringIO(), force_terminal=True))
    with bar:
        path = store.download(name, bar)
    assert (bar.done, bar.total) == (len(CONTENT), len(CONTENT))
    assert path == tmp_path / "cache/folder/table.csv"
    assert path.read_bytes() == CONTENT
    assert store.find(name) == path


def test_fetching_needs_no_package_beyond_those_that_are_asked_for(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = known(monkeypatch, server)
    # The command has its own name for the table of files, from when it was imported.
    monkeypatch.setattr("pooch.downloaders.tqdm", None)
    done = CliRunner().invoke(app, ["data", "fetch", name], catch_exceptions=False)
    assert done.stdout == f"{name}: {tmp_path / 'cache/folder/table.csv'}\n"


def test_a_download_with_a_wrong_checksum_is_not_kept(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = known(monkeypatch, server, content=b"what was published")
    with pytest.raises(EbmbenchError, match=r"'folder/table.csv' is not to be had.*hash"):
        store.download(name)
    assert not (tmp_path / "cache/folder/table.csv").exists()


def test_an_address_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    name = known(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(EbmbenchError, match=r"not to be had at http://127.0.0.1:9/folder"):
        store.download(name)


def test_looks_in_the_named_folder_then_the_environment_then_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = known(monkeypatch, "http://nowhere")
    in_cache = place(tmp_path / "cache")
    assert store.find(name) == in_cache
    in_environment = place(tmp_path / "environment")
    monkeypatch.setenv("EBMBENCH_DATA", str(tmp_path / "environment"))
    assert store.find(name) == in_environment
    in_named = place(tmp_path / "named")
    assert store.find(name, tmp_path / "named") == in_named


@pytest.mark.parametrize("content", [CONTENT[:-1], b"", b"9" + CONTENT[1:]])
def test_a_truncated_or_corrupt_file_is_refused_by_name(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = known(monkeypatch, "http://nowhere")
    path = place(tmp_path / "named", content)
    place(tmp_path / "cache")
    with pytest.raises(EbmbenchError, match=f"'{path}' is corrupt or truncated"):
        store.find(name, tmp_path / "named")


def test_a_file_that_is_mended_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = known(monkeypatch, "http://nowhere")
    path = place(tmp_path / "cache", b"broken")
    with pytest.raises(EbmbenchError, match="corrupt"):
        store.find(name)
    path.write_bytes(CONTENT)
    assert store.find(name) == path


def test_a_named_folder_that_does_not_exist_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = known(monkeypatch, "http://nowhere")
    place(tmp_path / "cache")
    monkeypatch.setenv("EBMBENCH_DATA", "/no/such")
    with pytest.raises(EbmbenchError, match=r"'/no/such' \(from EBMBENCH_DATA\) does not exist"):
        store.find(name)


def test_every_file_has_an_official_address_a_checksum_and_a_licence() -> None:
    for name, file in store.FILES.items():
        assert name == file.name
        assert file.url.startswith("https://")
        algorithm, digest = file.checksum.split(":")
        assert (algorithm, len(digest)) in {("sha256", 64), ("md5", 32)}
        assert file.licence


def test_unknown_files_are_refused() -> None:
    with pytest.raises(EbmbenchError, match=r"did you mean 'casp/CASP.csv'"):
        store.find("casp/CASP.cvs")


def test_a_folder_can_be_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = known(monkeypatch, "http://nowhere")
    place(tmp_path / "named")
    store.find(name, tmp_path / "named")
    shutil.rmtree(tmp_path / "named/folder")
    with pytest.raises(DataUnavailable):
        store.find(name, tmp_path / "named")
