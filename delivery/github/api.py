"""A small client for GitHub's REST API.

Safe to repeat: GET, PUT, PATCH and DELETE are sent again after a 5xx or a lost connection. A POST
may have been carried out although the answer says otherwise, so it is sent again only if its
caller says how to find what it made (`adopt`): what is found is the answer, and nothing is made
twice. Refusals for a rate limit were never carried out and are always repeated.

The token goes to the API's own hosts only, and into no message.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from delivery.errors import ForgeError
from delivery.github.calls import Adopt, Call, FailedError, carry_out
from delivery.github.errors import GithubError
from delivery.github.retry import Patience

VERSION = "2022-11-28"
PER_PAGE = 100  # the most that GitHub gives
TIMEOUT = httpx.Timeout(30.0, write=300.0)
JSON = "application/vnd.github+json"
BYTES = "application/octet-stream"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class GithubApi:
    """GitHub at `url`, which is GITHUB_API_URL; https except on this machine.

    Raises:
        GithubError: from every method; `status` says what GitHub answered.
    """

    def __init__(self, url: str, token: str, *, patience: Patience | None = None) -> None:
        self._url = httpx.URL(url.rstrip("/"))
        if self._url.scheme != "https" and self._url.host not in LOOPBACK:
            raise ForgeError(f"GITHUB_API_URL is {url}: expected https, since a token is sent")
        if not token.isascii() or not token.isprintable() or " " in token or not token:
            raise ForgeError("the GitHub token is empty or holds characters no token has")
        self._patience = patience or Patience()
        self._token = token
        self._client = httpx.Client(
            timeout=TIMEOUT,
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": JSON,
                "X-GitHub-Api-Version": VERSION,
                "User-Agent": "delivery",
            },
        )

    def __repr__(self) -> str:
        return f"GithubApi({str(self._url)!r})"

    def pause(self, tried: int) -> None:
        """Wait as after the `tried`-th failure: for what GitHub works out in the background."""
        self._patience.sleep(self._patience.backoff(tried))

    def get(self, path: str, **params: str | int) -> Any:
        return self._json("GET", path, params=params)

    def put(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._json("PUT", path, body=body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._json("PATCH", path, body=body)

    def delete(self, path: str) -> None:
        self._json("DELETE", path)

    def post(self, path: str, body: Mapping[str, Any], *, adopt: Adopt | None = None) -> Any:
        """Make something. `adopt` finds what an earlier try, or someone else, made already.

        It is asked after a 5xx, a lost connection and a 422; None from it means: not there.
        Where making two does no harm, pass `lambda: None`.
        """
        try:
            return self._json("POST", path, body=body, adopt=adopt)
        except GithubError as error:
            taken = error.status == httpx.codes.UNPROCESSABLE_ENTITY
            existing = adopt() if adopt and taken else None
            if existing is None:
                raise
            return existing

    def pages(self, path: str, **params: str | int) -> Iterator[Any]:
        """Every item of a list, page after page as one asks for more."""
        url: str | None = path
        query: Mapping[str, Any] = {"per_page": PER_PAGE, **params}
        while url:
            answer = self._answer("GET", url, params=query)
            yield from _items(answer.json())
            url, query = answer.links.get("next", {}).get("url"), {}

    def upload(self, release: Mapping[str, Any], file: Path, *, name: str = "") -> Any:
        """Attach a file to a release, streaming; adopts one that is there whole.

        Raises:
            GithubError: an asset of that name has other bytes.
        """
        name, size = name or file.name, file.stat().st_size
        url = str(release["upload_url"]).partition("{")[0]

        def adopt() -> Any | None:
            return self._whole_asset(str(release["assets_url"]), name, file)

        def send() -> httpx.Response:
            headers = {"Content-Type": BYTES, "Content-Length": str(size)}
            with file.open("rb") as content:
                return self._client.post(
                    self._absolute(url), params={"name": name}, content=content, headers=headers
                )

        existing = adopt()
        return existing or self._carry_out(Call("POST", url, lambda: _parsed(send()), adopt))

    def download(self, asset: Mapping[str, Any], destination: Path) -> None:
        """Fetch an asset of a release, streaming, whole or not at all. Hashes are the caller's."""
        url = str(asset["url"])
        destination.parent.mkdir(parents=True, exist_ok=True)

        def receive() -> None:
            with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".part-") as folder:
                part = Path(folder) / "asset"
                with self._client.stream(
                    "GET", self._absolute(url), headers={"Accept": BYTES}, follow_redirects=True
                ) as answer:
                    if answer.is_error:
                        answer.read()
                        raise FailedError(answer)
                    with part.open("wb") as file:
                        for chunk in answer.iter_bytes():
                            file.write(chunk)
                if part.stat().st_size != int(asset["size"]):
                    raise httpx.ReadError(f"{part.stat().st_size} of {asset['size']} bytes came")
                part.replace(destination)

        self._carry_out(Call("GET", url, receive))

    def _whole_asset(self, url: str, name: str, file: Path) -> Any | None:
        """The asset of that name. One that was cut short is removed, so that it can be repeated."""
        asset = next((asset for asset in self.pages(url) if asset["name"] == name), None)
        if asset is None:
            return None
        if asset["state"] != "uploaded":
            self.delete(asset["url"])
            return None
        with file.open("rb") as content:
            digest = f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
        if asset.get("digest") not in (None, digest) or asset["size"] != file.stat().st_size:
            raise GithubError(
                f"the release has another {name} already: {asset['size']} bytes, "
                f"{asset.get('digest')}; expected {file.stat().st_size} bytes, {digest}. Delete "
                "it by hand if it is wrong."
            )
        return asset

    def _json(self, method: str, path: str, *, adopt: Adopt | None = None, **request: Any) -> Any:
        return self._carry_out(
            Call(method, path, lambda: _parsed(self._send(method, path, **request)), adopt)
        )

    def _answer(self, method: str, path: str, **request: Any) -> httpx.Response:
        answer: httpx.Response = self._carry_out(
            Call(method, path, lambda: _checked(self._send(method, path, **request)))
        )
        return answer

    def _send(self, method: str, path: str, *, body: Any = None, params: Any = None) -> Any:
        return self._client.request(
            method, self._absolute(path), json=body, params=params or None,
            follow_redirects=method == "GET",
        )  # fmt: skip

    def _carry_out(self, call: Call) -> Any:
        try:
            return carry_out(call, self._patience)
        except GithubError as error:
            if self._token not in str(error):
                raise
            # Something on the way repeated the request in its answer.
            silent = str(error).replace(self._token, "***")
            raise GithubError(silent, status=error.status) from None

    def _absolute(self, path: str) -> httpx.URL:
        """The URL of a path, or one that GitHub gave, if it is at a host of this API."""
        if path.startswith("/"):
            return httpx.URL(f"{self._url}{path}")
        url = httpx.URL(path)
        uploads = self._url.host.replace("api.", "uploads.", 1)
        port = (url.scheme, url.port) == (self._url.scheme, self._url.port)
        if not port or url.host not in (self._url.host, uploads):
            raise ForgeError(f"{url.host} is not a host of {self._url}; no token is sent there")
        return url


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise FailedError(answer)
    return answer


def _parsed(answer: httpx.Response) -> Any:
    """The JSON of an answer; None for an empty one."""
    try:
        return _checked(answer).json() if answer.content else _checked(answer) and None
    except ValueError as error:
        raise httpx.DecodingError("the answer is not JSON") from error


def _items(body: Any) -> list[Any]:
    """A list, or the one list in an object such as {total_count, environments}."""
    if isinstance(body, list):
        return body
    return next(value for value in body.values() if isinstance(value, list))
