"""`releases/<id>.yaml`: the record of a release. Facts about bytes, written once, never changed."""

from __future__ import annotations

import hashlib

from pydantic import Field

from delivery.documents import parse_yaml
from delivery.errors import InputError
from serving.strict import DocumentError, Strict, parse

RELEASE_ID = r"^r-[0-9a-f]{12}$"
FOLDER = "releases"


class Source(Strict):
    """What a release was made from. All are git or DVC hashes.

    `recipe` covers what the fork wrote, code and parameters, but neither the data nor the engine
    (the template's pipeline and its lock): equal recipes make a candidate a retrain. Records
    without `engine` are of before: their recipe covers the engine too.
    """

    commit: str
    data: str
    recipe: str
    engine: str | None = None


class Platform(Strict):
    """Where it was built: the same bytes are promised only here."""

    os: str
    arch: str
    libc: str
    python: str
    lock_sha256: str


class Record(Strict):
    """One release."""

    schema_version: int = 1
    id: str = Field(pattern=RELEASE_ID)
    name: str
    task: str
    bento_sha256: str
    model: dict[str, str]  # file below artifacts/model → sha256
    made_from: Source
    platform: Platform
    trained_until: str | None
    executes_code: bool
    sbom_sha256: str | None = None  # of releases/<id>.cdx.json; None: released without one


def record_path(release: str) -> str:
    return f"{FOLDER}/{release}.yaml"


def pointer_path(release: str) -> str:
    return f"{FOLDER}/{release}.dvc"


def signature_path(release: str) -> str:
    return f"{FOLDER}/{release}.sig"


def sbom_path(release: str) -> str:
    return f"{FOLDER}/{release}.cdx.json"


def parse_record(text: str, source: str) -> Record:
    """InputError names what is wrong with the record."""
    try:
        return parse(Record, parse_yaml(text, source), source=source)
    except DocumentError as error:
        raise InputError(f"{error}. A record is never edited; restore it from main.") from error


def render_record(record: Record) -> str:
    """Canonical YAML: plain keys, quoted strings."""
    source, platform = record.made_from, record.platform
    lines = [
        "# A release: facts about bytes. Written once by `delivery release`; never edited.",
        "schema_version: 1",
        f"id: {record.id}",
        f"name: {record.name}",
        f"task: {record.task}",
        f'bento_sha256: "{record.bento_sha256}"',  # quoted: one of digits alone is no number
        "model:",
        *(f'  {name}: "{digest}"' for name, digest in sorted(record.model.items())),
        "made_from:",
        *(f'  {key}: "{value}"' for key, value in source.model_dump(exclude_none=True).items()),
        "platform:",
        *(f'  {key}: "{value}"' for key, value in platform.model_dump().items()),
        f"trained_until: {_optional(record.trained_until)}",
        f"executes_code: {'true' if record.executes_code else 'false'}",
        f"sbom_sha256: {record.sbom_sha256 or 'null'}",
    ]
    return "\n".join(lines) + "\n"


def _optional(value: str | None) -> str:
    return "null" if value is None else f'"{value}"'


def record_sha256(text: str) -> str:
    """Of the text of a record: how evidence names it."""
    return hashlib.sha256(text.encode()).hexdigest()
