"""Two images that shall be the same: if they are not, which layer and which file differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from delivery.image.contents import layer_contents
from delivery.image.layout import Image

NAMED = 3


def differences(first: Image, second: Image) -> Sequence[str]:
    """Sentences; empty where configuration and layers have the same digests. How the layers are
    compressed does not count."""
    if first.config_digest == second.config_digest:
        return ()
    return (*_layers(first, second), *_config(first, second))


def _layers(first: Image, second: Image) -> Iterator[str]:
    one, two = first.diff_ids, second.diff_ids
    if len(one) != len(two):
        yield f"{len(one)} layers and {len(two)}"
    for number, (left, right) in enumerate(zip(one, two, strict=False)):
        if left != right:
            yield f"layer {number}: {_files(first, second, number)}"


def _files(first: Image, second: Image, number: int) -> str:
    one, two = layer_contents(first, number), layer_contents(second, number)
    differ = [path for path in sorted(one.keys() | two.keys()) if one.get(path) != two.get(path)]
    if not differ:
        return "the same files, otherwise archived"
    rest = f" and {len(differ) - NAMED} more" if len(differ) > NAMED else ""
    return ", ".join(f"/{path}" for path in differ[:NAMED]) + rest


def _config(first: Image, second: Image) -> Iterator[str]:
    one, two = first.config.get("config") or {}, second.config.get("config") or {}
    for key in sorted(one.keys() | two.keys()):
        if one.get(key) != two.get(key):
            yield f"configuration: {key} is {one.get(key)!r} and {two.get(key)!r}"
