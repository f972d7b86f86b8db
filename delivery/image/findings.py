"""What is wrong with an image: pure rules over its configuration and its contents.

Each finding is one sentence. None means that the image carries the release, and nothing that gives
a container more than it needs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from delivery.image.config import BENTO, PACKAGES
from delivery.image.contents import Entry

SETID = 0o6000
WRITABLE_BY_ALL = 0o002
STICKY = 0o1000
# No container installs or compiles anything.
TOOLS = frozenset(
    ["apt", "apt-get", "aptitude", "dpkg", "yum", "dnf", "microdnf", "rpm", "apk", "pip", "pip3",
     "uv", "gcc", "g++", "cc", "c++", "clang", "make", "ld", "tcc", "go", "rustc"]
)  # fmt: skip
PROGRAMS = ("bin/", "sbin/", "usr/bin/", "usr/sbin/", "usr/local/bin/", "usr/local/sbin/")
NUMBERS = re.compile(r"[1-9]\d*(:\d+)?")
SECRETS = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a key of AWS", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a token of GitHub", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})")),
    ("a password in an address", re.compile(r"://[^/\s:@]+:[^/\s:@]+@")),
    (
        "a secret",
        re.compile(
            r"(?i)\b\w*(?:password|passwd|secret|api_?key|token)\w*\s*[=:]\s*['\"]?[^\s'\"]{6}"
        ),
    ),
)
NAMED = 3


def findings(
    config: Mapping[str, Any], found: Mapping[str, Entry], bento: Mapping[str, str]
) -> Sequence[str]:
    """`config` and `found` are of the image, `bento` maps paths of the released bento to sha256."""
    return [
        *_user(config),
        *_history(config),
        *_bento(found, bento),
        *_files(found),
    ]


def _user(config: Mapping[str, Any]) -> Iterator[str]:
    user = str((config.get("config") or {}).get("User") or "")
    if NUMBERS.fullmatch(user) is None:
        yield f"it runs as {user or 'root'!r}; expected a number that is not 0, such as 65532:65532"


def _history(config: Mapping[str, Any]) -> Iterator[str]:
    """Secrets where a build leaves them: its steps, variables, labels."""
    part = config.get("config") or {}
    texts = [
        *(("the history", str(step.get("created_by", ""))) for step in config.get("history", ())),
        *(("the history", str(step.get("comment", ""))) for step in config.get("history", ())),
        *(("a variable", str(item)) for item in part.get("Env") or ()),
        *(("a label", f"{name}={text}") for name, text in (part.get("Labels") or {}).items()),
        ("the command", json.dumps([part.get("Entrypoint"), part.get("Cmd")])),
    ]
    for place, text in texts:
        kind = next((name for name, pattern in SECRETS if pattern.search(text)), None)
        if kind is not None:
            yield f"{place} holds {kind}: anybody who has the image can read it"


def _bento(found: Mapping[str, Entry], bento: Mapping[str, str]) -> Iterator[str]:
    prefix = f"{BENTO}/"
    inside = {
        path.removeprefix(prefix): entry
        for path, entry in found.items()
        if path.startswith(prefix) and entry.kind != "folder"
    }
    wrong = [
        f"/{prefix}{name}, layer {inside[name].layer}, "
        + ("is not as released" if name in bento else "is not of the release")
        for name in sorted(inside)
        if bento.get(name) != inside[name].sha256
    ]
    missing = [f"/{prefix}{name} is missing" for name in sorted(bento.keys() - inside.keys())]
    yield from _shortened([*wrong, *missing])


def _files(found: Mapping[str, Entry]) -> Iterator[str]:
    own = (f"{BENTO}/", f"{PACKAGES}/")
    setid, tools, special, writable = [], [], [], []
    for path, entry in sorted(found.items()):
        where = f"/{path}, layer {entry.layer},"
        if entry.kind == "file" and entry.mode & SETID:
            setid.append(f"{where} gives its rights to whoever runs it (setuid or setgid)")
        if entry.kind == "special" and not path.startswith("dev/"):
            special.append(f"{where} is neither file, folder nor link")
        if path.startswith(PROGRAMS) and path.rpartition("/")[2] in TOOLS:
            tools.append(f"{where} installs or compiles programs")
        open_to_all = entry.mode & WRITABLE_BY_ALL and not entry.mode & STICKY
        if path.startswith(own) and (entry.owner != 0 or open_to_all) and entry.kind != "link":
            writable.append(f"{where} can be changed by the service itself")
    for lines in (setid, special, tools, writable):
        yield from _shortened(lines)


def _shortened(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:NAMED]
    if len(lines) > NAMED:
        yield f"and {len(lines) - NAMED} more of that kind"
