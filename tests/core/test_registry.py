from pathlib import Path

import pytest

from ebmbench import registry
from ebmbench.errors import EbmbenchError
from ebmbench.registry import Registry

REGISTRIES = [value for value in vars(registry).values() if isinstance(value, Registry)]


@pytest.mark.parametrize("names", REGISTRIES, ids=lambda names: names.kind)
def test_every_registered_name_imports(names: Registry) -> None:
    assert list(names)
    for name in names:
        assert name in names
        assert callable(names.get(name))


def test_a_name_of_the_long_form_needs_no_registration() -> None:
    assert registry.OBJECTIVES.get("collections:OrderedDict.fromkeys", vouched=True)


def test_a_name_of_the_long_form_out_of_nowhere_is_not_imported(tmp_path: Path) -> None:
    with pytest.raises(EbmbenchError, match="would be imported, which is done only for a card"):
        registry.OBJECTIVES.get("collections:OrderedDict")
    assert registry.OBJECTIVES.get("collections:OrderedDict", tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dms", "unknown objective 'dms'; did you mean"),
        ("nowhere:X", "objective 'nowhere:X' cannot be imported: No module named 'nowhere'"),
        ("collections:Nothing", "cannot be imported"),
    ],
)
def test_bad_names_are_refused_in_one_sentence(name: str, message: str) -> None:
    with pytest.raises(EbmbenchError, match=message):
        registry.OBJECTIVES.get(name, vouched=True)
