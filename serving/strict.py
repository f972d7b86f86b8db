"""Documents that refuse what they do not know: the contract, settings, records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


class DocumentError(ValueError):
    """A document does not fit its schema. The message names the file, the path and the reason."""


class Strict(BaseModel):
    """A frozen document that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Document = TypeVar("Document", bound=BaseModel)


def parse(kind: type[Document], content: Any, *, source: str) -> Document:
    """Validate `content` as `kind`.

    Raises:
        DocumentError: with one line per problem: the path of the key, what was found, what was
            expected.
    """
    if not isinstance(content, Mapping):
        raise DocumentError(f"{source}: expected a mapping, found {type(content).__name__}")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise DocumentError(f"{source}: " + "; ".join(_problems(error))) from error


def _problems(error: ValidationError) -> list[str]:
    problems = []
    for item in error.errors(include_url=False):
        path = ".".join(str(part) for part in item["loc"]) or "(top)"
        if item["type"] == "extra_forbidden":
            problems.append(f"{path}: unknown key")
        elif item["type"] == "missing":
            problems.append(f"{path}: missing")
        else:
            problems.append(f"{path}: {item['msg']} (found {item['input']!r})")
    return problems
