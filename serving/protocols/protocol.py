"""What a protocol is: routes that decode and encode, and the shape of its errors.

It knows neither the model nor the server: `decode` makes a Query of a request or refuses,
serving.predict.predictor answers it, `encode` makes the reply. A protocol that is added is a module
with one WireProtocol and a line in serving.protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from serving.contract import Contract
from serving.errors import Problem
from serving.predict.predictor import Explanations, Predictor, Query, Scored

VERSION = "1"  # what the only version is called by clients that need a number
JSON = frozenset({"application/json"})
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY


@dataclass(slots=True)
class Message:
    """A request, read whole. `kind` is its media type in lower case, "" where it named none;
    `path` are the parameters of its route."""

    body: bytes
    kind: str
    headers: Mapping[str, str]
    path: Mapping[str, str]


@dataclass(slots=True)
class Reply:
    """The answer to a request."""

    body: bytes
    kind: str = "application/json"
    headers: Mapping[str, str] | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class PredictRoute:
    """A POST route that scores. `kinds` are the media types it takes; None is any, read as
    JSON, where the servers that clients of the protocol know do not look either.

    A path may name {model} and {version}: others than those of the service are refused.

    A body {`rows_key`: rows} needs no `decode` where the predictor takes it as it is; its query
    has the echo `rows_echo`.
    """

    path: str
    decode: Callable[[Message, Contract], Query]
    encode: Callable[[Scored, Query, Predictor], Reply]
    kinds: frozenset[str] | None = JSON
    rows_key: str | None = None
    rows_echo: Any = None


@dataclass(frozen=True, slots=True)
class ExplainRoute:
    """A POST route that explains, with JSON."""

    path: str
    decode: Callable[[Message, Contract], Query]
    encode: Callable[[Explanations, Predictor], Reply]


@dataclass(frozen=True, slots=True)
class InfoRoute:
    """A GET route about the service or its model; asking it proves that the model is loaded.
    One about `readiness` is refused with 503 when the service is about to end."""

    path: str
    answer: Callable[[Predictor], Reply]
    readiness: bool = False


@dataclass(frozen=True, slots=True)
class WireProtocol:
    """A protocol. `title` is its name for people. `error` gives status, message and problems its
    shape, and may change the status. `home` are the paths below which errors have that shape,
    unknown paths too. `root` is what a client of it expects at /, where a browser gets the page.
    """

    title: str
    error: Callable[[int, str, Sequence[Problem]], Reply]
    home: tuple[str, ...]
    predicts: tuple[PredictRoute, ...] = ()
    explains: tuple[ExplainRoute, ...] = ()
    infos: tuple[InfoRoute, ...] = ()
    root: Reply | None = None

    def owns(self, path: str) -> bool:
        return any(path == home or path.startswith(home + "/") for home in self.home)


def reply(content: Any, status: int = 200) -> Reply:
    """`content` as JSON; numpy arrays become lists, float32 in their shortest digits."""
    return Reply(orjson.dumps(content, option=_OPTIONS), status=status)


def always(content: Any) -> Callable[[Predictor], Reply]:
    """An answer that does not depend on the model."""
    fixed = reply(content)
    return lambda _: fixed
