"""Structured logs: one line of JSON for each request and each message, on standard output.

With the request's id and the W3C trace of the caller, so that a line is found from either side.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import orjson
from starlette.types import Scope

from serving.telemetry.request_context import RequestContext, current

logger = logging.getLogger("serving")
_SHOWN = 200  # characters of a path


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = _line(current(), record.levelname.lower(), record.getMessage())
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def write_json_lines() -> None:
    """Send what the service logs to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logger.handlers[:] = [handler]
    logger.propagate = False


def log_request(context: RequestContext, scope: Scope, status: int, seconds: float) -> None:
    """One line for an answered request. The query is left out: people put secrets there."""
    line = _line(context, "info", "request")
    line |= {
        "method": scope["method"],
        "path": scope["path"][:_SHOWN],
        "status": status,
        "client": context.client,
        "milliseconds": round(seconds * 1000, 3),
    }
    sys.stdout.write(orjson.dumps(line).decode() + "\n")
    sys.stdout.flush()


def _line(context: RequestContext, level: str, message: str) -> dict[str, object]:
    line: dict[str, object] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "message": message,
    }
    if context.id:
        line["request_id"] = context.id
    if context.trace:
        line |= {"trace_id": context.trace, "parent_id": context.span}
    return line
