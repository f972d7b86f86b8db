"""Documents: YAML read with safe types only, and what a document says as canonical JSON."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from delivery.errors import InputError


def parse_yaml(text: str, source: str) -> Any:
    """YAML 1.2, safe types only. InputError names the line and, for a merge conflict, the cure."""
    if any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in text.splitlines()):
        raise InputError(
            f"{source} holds an unresolved merge conflict. Resolve it, then `git add {source}`; "
            "for dvc.lock take either side and run `dvc repro`."
        )
    try:
        return YAML(typ="safe", pure=True).load(text)
    # The last two: brackets without end, and the 31st of June.
    except (YAMLError, RecursionError, ValueError) as error:
        first = " ".join(str(error).split())
        raise InputError(f"{source} is not YAML: {first}") from error


def canonical_sha256(content: Any) -> str:
    """sha256 in hex over the canonical JSON of `content`."""
    return hashlib.sha256(canonical(content)).hexdigest()


def canonical(content: Any) -> bytes:
    """JSON of one form: sorted keys, no spaces, ASCII alone."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
