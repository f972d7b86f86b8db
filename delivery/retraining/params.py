"""`params.yaml`: one value changed in place, so that a diff shows that value and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from delivery.errors import InputError
from delivery.files import write_whole

QUOTES = "\"'"


def override(file: Path, setting: str) -> None:
    """Put `KEY=VALUE` into a YAML file; KEY is the dotted path of a scalar that is there already.

    Raises:
        InputError: no such key, a value that is not one scalar, or no `=`.
    """
    path, equals, value = setting.partition("=")
    if not equals:
        raise InputError(f"{setting!r}: expected KEY=VALUE, as in data.until=2013-08")
    text = file.read_text(encoding="utf-8")
    node = _find(_composed(text, file.name), path, file.name)
    start, end = node.start_mark.index, node.end_mark.index
    quote = text[start] if text[start] in QUOTES else ""
    if quote in value and quote:
        raise InputError(f"{setting!r}: the value of {path} stands in {quote}, so it has none")
    changed = f"{text[:start]}{quote}{value}{quote}{text[end:]}"
    _require_one_scalar(changed, path, value, file.name)
    write_whole(file, changed)


def _composed(text: str, name: str) -> Any:
    try:
        return YAML(pure=True).compose(text)
    except YAMLError as error:
        raise InputError(f"{name} is not YAML: {' '.join(str(error).split())}") from error


def _find(node: Node, path: str, name: str) -> ScalarNode:
    for key in path.split("."):
        children = dict(_children(node))
        if key not in children:
            raise InputError(f"{name} has no {path}; keys that are there can be changed")
        node = children[key]
    if not isinstance(node, ScalarNode):
        raise InputError(f"{path} in {name} is a section; name a value in it")
    return node


def _children(node: Node) -> list[tuple[str, Node]]:
    if not isinstance(node, MappingNode):
        return []
    return [(str(key.value), value) for key, value in node.value]


def _require_one_scalar(text: str, path: str, value: str, name: str) -> None:
    """The value must have become that scalar: a line break or a brace would be more."""
    try:
        parsed = _find(_composed(text, name), path, name).value
    except InputError as error:
        raise InputError(f"{path}={value!r}: not one plain value") from error
    if str(parsed) != value:
        raise InputError(f"{path}={value!r}: not one plain value; it would be read as {parsed!r}")
