"""Cards that no honest hand writes get a sentence, or are read as what they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ebmbench import catalog
from ebmbench.cards import MethodCard, card_by_path, card_hash, read_card
from ebmbench.errors import EbmbenchError
from ebmbench.harness.job import Job
from ebmbench.harness.record import failed_record
from ebmbench.plain import may_steer, plain
from ebmbench.records import Status, read_record, to_json

HONEST = (Path(str(catalog.shipped("methods"))) / "dsm.toml").read_text(encoding="utf-8")


def replaced(before: str, after: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert text.count(before) >= 1, before
        return text.replace(before, after, 1)

    return change


def option(value: str) -> Callable[[str], str]:
    return replaced("[hyperparameters]", f"[hyperparameters]\nextra = {value}")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: "x = " + "[" * 5000, "too many lists or tables within each other"),
        (lambda text: "x = " + "9" * 5000, "is not valid TOML"),
        (replaced('name = "dsm"', f'name = "{"a" * 300}"'), "key 'name' is 'aaaa"),
        (replaced("version = ", f"{'k' * 5000} = 1\nversion = "), "unknown key 'kkk"),
        (
            lambda text: text + f"\n[search.{'a' * 300}]\nlow = 1\nkey = 2\n",
            "unknown key 'key' in [search.aaaa",
        ),
        (option("2020-01-01"), "extra is a date, allowed: a text, a number"),
        (option("1979-05-27T07:32:00Z"), "extra is a datetime, allowed"),
        (option("nan"), "extra is nan, allowed: a finite number"),
        (option("[1.0, [inf]]"), "is inf, allowed: a finite number"),
        (option("9223372036854775808"), "is beyond 64 bits"),
        (option("[" * 9 + "]" * 9), "more than 8 lists and tables within each other"),
    ],
)
def test_a_card_is_refused_in_a_sentence(
    change: Callable[[str], str], sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "dsm.toml"
    path.write_text(change(HONEST), encoding="utf-8")
    with pytest.raises(EbmbenchError) as refused:
        read_card(MethodCard, path)
    assert sentence in str(refused.value)
    assert len(str(refused.value)) < 300 + len(str(tmp_path))


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "dsm.toml"
    path.write_bytes(HONEST.encode() + b"\xff")
    with pytest.raises(EbmbenchError, match="is not valid TOML: 'utf-8' codec"):
        read_card(MethodCard, path)


def test_a_byte_order_mark_is_no_part_of_a_card(tmp_path: Path) -> None:
    path = tmp_path / "dsm.toml"
    path.write_text(HONEST, encoding="utf-8-sig")
    assert read_card(MethodCard, path) == catalog.methods()["dsm"]


def test_a_card_speaks_without_steering_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "dsm.toml"
    title = catalog.methods()["dsm"].title
    path.write_text(HONEST.replace(f'"{title}"', f'"{title}\\u001b[31m\\u202e"'), encoding="utf-8")
    assert read_card(MethodCard, path).title == f"{title}[31m"


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x7f", "\x9b", "\u202e", "\u2066", "\r"])
def test_what_steers_is_seen_and_taken_out(character: str) -> None:
    import json

    for text in (character, json.dumps({"x": character})):
        assert may_steer(text)
    assert plain(f"a{character}b\n\tc") == "ab\n\tc"


def test_the_backslashes_of_a_formula_are_no_escapes() -> None:
    import json

    formula = r"\frac12 \beta \rho \u001b \\b"
    assert not may_steer(json.dumps({"x": formula}))
    assert may_steer(json.dumps({"x": formula + "\\\x1b"}))


def test_honest_records_have_nothing_to_clean(tmp_path: Path) -> None:
    task, method = catalog.tasks()["2d/rings"], catalog.methods()["dsm"]
    record = failed_record(Job(task, method, 0, "smoke"), Status.FAILED, "×∇\n", contended=False)
    assert not may_steer(to_json(record))


def test_the_options_of_a_card_come_back_from_a_record_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "dsm.toml"
    table = '{ a = [1, 2.5, "x"], b = { c = true, d = -9223372036854775808 } }'
    path.write_text(option(table)(HONEST), encoding="utf-8")
    card = card_by_path(MethodCard, path)
    job = Job(catalog.tasks()["2d/rings"], card, 0, "smoke")
    record = failed_record(job, Status.FAILED, "why", contended=False)
    (tmp_path / "seed-0.json").write_text(to_json(record), encoding="utf-8")
    back = read_record(tmp_path / "seed-0.json")
    assert card_hash(back.method_card) == card_hash(card)
