"""Objects that name a key twice: which value counts would be anybody's guess."""

from __future__ import annotations

import json
from typing import Any

from serving.errors import Refusal
from serving.rows.text import has_keys


class _RepeatedError(ValueError):
    """The key that was found twice."""


def refuse_repeated(body: bytes, document: Any) -> None:
    """Refusal 400 if an object in `body`, which was parsed to `document`, names a key twice.

    A parser has kept one of the two, so there are more keys in the text than in the document;
    and each key has a colon. Only where there are colons that this does not explain (in strings,
    in deeper objects) the body is parsed a second time, with an eye on its keys.
    """
    if has_keys(body, _keys(document)):
        return
    try:
        json.loads(body, object_pairs_hook=_unique, parse_int=str, parse_float=str)
    except _RepeatedError as error:
        raise Refusal(400, f"an object names the key {str(error)[:60]!r} twice") from None
    except RecursionError:
        raise Refusal(400, "the body is nested too deep") from None


def _keys(document: Any) -> int:
    """The keys of `document`, of the objects in it and of the rows in its lists."""
    if type(document) is not dict:
        return sum(map(len, document)) if _has_rows(document) else 0
    count = len(document)
    for value in document.values():
        if type(value) is dict:
            count += len(value)
        elif _has_rows(value):
            count += sum(map(len, value))
    return count


def _has_rows(value: Any) -> bool:
    if type(value) is not list or not value or type(value[0]) is not dict:
        return False
    return set(map(type, value)) == {dict}


def _unique(pairs: list[tuple[str, Any]]) -> None:
    seen = set()
    for key, _ in pairs:
        if key in seen:
            raise _RepeatedError(key)
        seen.add(key)
