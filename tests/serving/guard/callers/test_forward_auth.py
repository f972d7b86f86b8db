"""What a proxy learns about a request; docs/front-door.md and its test have real proxies."""

from __future__ import annotations

import json

import httpx
import pytest

from serving.guard.callers.forward_auth import make_app
from serving.guard.keys import make_key

SECRET, ENTRY = make_key("ada", ["predict"], 1)
ENVIRON = {
    "SERVING_SETTINGS": json.dumps({"auth": "keys"}),
    "SERVING_API_KEYS": json.dumps([ENTRY.model_dump(mode="json")]),
}


async def asked(target: str | None, key: str = "") -> httpx.Response:
    headers = {"X-API-Key": key} if key else {}
    headers |= {"X-Forwarded-Uri": target} if target is not None else {}
    transport = httpx.ASGITransport(make_app(ENVIRON))
    async with httpx.AsyncClient(transport=transport, base_url="http://proxy") as client:
        return await client.get("/livez", headers=headers)  # its own path says nothing


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("target", "key", "status"),
    [
        ("/predict", "hers", 204),
        ("/predict?a=b", "hers", 204),
        ("/v2/models/flights/infer", "hers", 204),
        ("/livez", "", 204),
        ("/predict", "", 401),
        ("/predict", "sk_other", 401),
        ("/explain", "hers", 403),
        ("/%65xplain", "hers", 403),
    ],
)
async def test_who_may_pass_is_as_at_the_service(target: str, key: str, status: int) -> None:
    answer = await asked(target, SECRET if key == "hers" else key)
    assert answer.status_code == status
    assert bool(answer.content) == (status != 204)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "target",
    [None, "", "predict", "//explain", "/./explain", "/livez/../explain", "/a%2f..%2fexplain",
     "/%2e/explain", "/explain/", "/explain;x", "\\explain"],
)  # fmt: skip
async def test_a_path_that_could_be_read_in_two_ways_is_refused(target: str | None) -> None:
    """A proxy or a router on the way may read it as /explain."""
    assert (await asked(target, SECRET)).status_code == 400


@pytest.mark.anyio
async def test_a_refusal_says_how_to_prove_who_calls() -> None:
    answer = await asked("/predict")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "credentials are needed" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "environ",
    [{}, {"SERVING_SETTINGS": '{"auth": "keys"}'}, {"SERVING_ENVIRONMENT": "local"}],
    ids=["nothing", "no keys", "local"],
)
def test_it_does_not_start_where_everybody_would_get_in(environ: dict[str, str]) -> None:
    with pytest.raises(SystemExit, match=r"^error: .*auth"):
        make_app(environ)
