"""Make an API key: `python -m serving.guard.keys NAME --scope predict --days 90`.

The key is printed once, on standard error; what the service is given, the entry for
SERVING_API_KEYS with the key's hash, goes to standard output.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

from serving.guard.callers.auth import ApiKey, Scope


def make_key(name: str, scopes: Sequence[Scope], days: int) -> tuple[str, ApiKey]:
    """A new key of 256 random bits that is valid for `days`, and its entry."""
    key = f"sk_{secrets.token_urlsafe(32)}"
    entry = ApiKey(
        name=name,
        sha256=hashlib.sha256(key.encode()).hexdigest(),
        scopes=tuple(scopes),
        expires=datetime.now(UTC).replace(microsecond=0) + timedelta(days=days),
    )
    return key, entry


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a key and its entry."""
    scopes = get_args(Scope)
    parser = argparse.ArgumentParser(
        prog="python -m serving.guard.keys", description="Make an API key."
    )
    parser.add_argument("name", help="who uses it; it stands in logs and signals")
    parser.add_argument("--scope", action="append", choices=scopes, help="default: predict")
    parser.add_argument("--days", type=int, default=90, help="how long it is valid (90)")
    chosen = parser.parse_args(arguments)
    key, entry = make_key(chosen.name, chosen.scope or ["predict"], chosen.days)
    print(f"the key, shown once: {key}", file=sys.stderr)
    print(json.dumps(entry.model_dump(mode="json")))


if __name__ == "__main__":
    main()
