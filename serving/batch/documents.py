"""What a job writes beside its results: a record of each unit, and the manifest of all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from serving.strict import Strict

WRITER = 1  # raised when the same rows would give other files
ROWS = 1_000  # from which chance alone does not move a column
MUCH = 0.2  # a population stability index from which a column has moved much (Siddiqi, 2006)


class JobSpec(Strict):
    """What decides the bytes of results. `model` is the sha256 over the files of the model, the
    contract among them; `writer` the version of what writes."""

    release: str
    model: str
    columns: tuple[str, ...] = ()
    unit_rows: int = Field(ge=1)
    text_length: int = Field(ge=1)
    writer: int = WRITER

    def unit(self, source: SourceFile, start: int) -> str:
        """The name of the unit that begins at row `start` of a file."""
        about = self.model_dump(mode="json")
        place = {"path": source.path, "format": source.format, "version": source.version}
        return _hash({"job": about, **place, "start": start})


class SourceFile(Strict):
    """A file of the input. `path` is its place below the address; `version` changes when its
    bytes do."""

    path: str
    format: str
    version: str
    size: int


class Counts(Strict):
    """Values by bin of the contract's histograms: of each input, and of the score. `outside` are
    those below and above all that training saw."""

    inputs: Mapping[str, tuple[int, ...]]
    outside: Mapping[str, tuple[int, int]]
    scores: tuple[int, ...] | None


class Written(Strict):
    """A file of results, by its name below the output."""

    file: str
    sha256: str


class Unit(Strict):
    """The rows [start, end) of a file of the input, scored. `rows` leaves empty lines out. `last`
    says that the file ends here. `reasons` counts problems by "field: reason"; a row may have
    several."""

    name: str
    path: str
    start: int
    end: int
    rows: int
    scored: int
    refused: int
    last: bool
    predictions: Written
    problems: Written | None = None
    reasons: Mapping[str, int] = {}


class UnitRecord(Strict):
    """The sidecar of a unit: the unit is done when this is there."""

    schema_version: Literal[1] = 1
    unit: Unit
    counts: Counts


class Shift(Strict):
    """How far a column is from training's: population stability index, and the shares of values
    that are missing, were missing in training, and that training had not."""

    column: str
    psi: float
    missing: float
    missing_before: float
    unseen: float

    @property
    def much(self) -> bool:
        """Whether it is more than small changes of the world explain."""
        return self.psi > MUCH


class Totals(Strict):
    """Rows of the input: all, scored, refused."""

    rows: int
    scored: int
    refused: int


class Manifest(Strict):
    """What a job published. Readers take the files that stand here and no others."""

    schema_version: Literal[1] = 1
    job: JobSpec
    address: str  # of the input, as it was given
    files: Mapping[str, str]  # of the model: path → sha256
    made: str  # when, ISO 8601
    sources: tuple[SourceFile, ...]
    units: tuple[Unit, ...]
    totals: Totals
    reasons: Mapping[str, int]
    score: Shift | None  # how far the scores moved
    inputs: tuple[Shift, ...]  # the farthest first

    @property
    def moved(self) -> bool:
        """Whether there are enough rows to say that the scores moved much."""
        return self.score is not None and self.score.much and self.totals.scored >= ROWS


class Progress(Strict):
    """How far a job is. `rows` counts those of earlier runs too, `before` them alone; `total` is
    None while nobody knows how many rows there are."""

    rows: int
    before: int
    total: int | None
    refused: int
    seconds: float


def model_sha256(files: Mapping[str, str]) -> str:
    """One hash for the files of a model."""
    return _hash(dict(files))


def render(document: Strict) -> str:
    """As JSON, on one line."""
    return json.dumps(document.model_dump(mode="json"), ensure_ascii=False, sort_keys=True) + "\n"


def _hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
