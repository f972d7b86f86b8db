"""What is known about a request: a sane id, the caller's trace, and nobody outside of one."""

from __future__ import annotations

import contextvars

import pytest

from serving.telemetry.request_context import (
    CONTEXT,
    NO_REQUEST,
    RequestContext,
    current,
    make_context,
)

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize("given", [b"abc-1", b"x" * 128])
def test_a_plain_id_of_the_caller_is_kept(given: bytes) -> None:
    assert make_context({b"x-request-id": given}, "10.0.0.1").id == given.decode()


@pytest.mark.parametrize("given", [None, b"", b"a b", b"x" * 129, b"a\nb"])
def test_another_is_replaced_by_a_new_one_each_time(given: bytes | None) -> None:
    headers = {} if given is None else {b"x-request-id": given}
    first, second = (make_context(headers, "").id for _ in range(2))
    assert len(first) == len(second) == 24
    assert first != second


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("03", True)])
def test_the_trace_of_the_caller_is_taken_over(flags: str, sampled: bool) -> None:
    context = make_context({b"traceparent": f"00-{TRACE}-{SPAN}-{flags}".encode()}, "")
    assert (context.trace, context.span, context.sampled) == (TRACE, SPAN, sampled)


@pytest.mark.parametrize("parent", [f"01-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}", "nonsense"])
def test_a_trace_that_cannot_be_read_is_none(parent: str) -> None:
    assert make_context({b"traceparent": parent.encode()}, "").trace == ""


def test_code_outside_of_a_request_runs_for_nobody() -> None:
    def inside() -> RequestContext:
        CONTEXT.set(RequestContext("mine", "somebody"))
        return current()

    assert contextvars.Context().run(inside).id == "mine"
    assert contextvars.Context().run(current) is NO_REQUEST
