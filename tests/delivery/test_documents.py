"""Documents: YAML with plain values only, and a hash that knows no order of keys."""

from __future__ import annotations

import hashlib

import pytest

from delivery.documents import canonical_sha256, parse_yaml
from delivery.errors import InputError


def test_yaml_is_version_1_2() -> None:
    assert parse_yaml("a: no\nb: 010\nc: 2013-06\n", "x") == {"a": "no", "b": 10, "c": "2013-06"}
    assert parse_yaml("", "x") is None


@pytest.mark.parametrize(
    "text",
    ["a: [", "a: 1\na: 2\n", "!!python/object/apply:os.system ['true']", "[" * 500, "2013-06-31"],
    ids=["open", "twice", "object", "deep", "date"],
)
def test_what_is_no_plain_yaml_is_named(text: str) -> None:
    with pytest.raises(InputError, match=r"^params\.yaml is not YAML: ") as caught:
        parse_yaml(text, "params.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mark", ["<<<<<<< HEAD", ">>>>>>> other"])
def test_a_conflict_names_its_cure(mark: str) -> None:
    with pytest.raises(InputError, match=r"dvc\.lock holds .* merge conflict.*dvc repro"):
        parse_yaml(f"a: 1\n{mark}\na: 2\n", "dvc.lock")


def test_a_hash_is_of_what_a_document_says() -> None:
    text = '{"a":[1,2],"b":{"c":null,"d":"\\u00e9"}}'
    content = {"b": {"d": "é", "c": None}, "a": [1, 2]}
    assert canonical_sha256(content) == hashlib.sha256(text.encode()).hexdigest()
    assert canonical_sha256({"a": [2, 1]}) != canonical_sha256({"a": [1, 2]})
