"""What GitHub answered when it did not do as asked, and what a person can do about it."""

from __future__ import annotations

from typing import Any

import httpx

from delivery.errors import ForgeError
from delivery.github.retry import limited

ACTIONS_MAY_NOT = "not permitted to create or approve pull requests"


class GithubError(ForgeError):
    """A request that GitHub refused or never answered. `status` is None without an answer."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def refusal(method: str, path: str, answer: httpx.Response) -> GithubError:
    """The error for an answer of 400 and above."""
    status, message = answer.status_code, _said(answer)
    return GithubError(
        f"GitHub answered {status} to {method} {path}: {message}. {_cure(answer, message)}",
        status=status,
    )


def _said(answer: httpx.Response) -> str:
    """GitHub's message and, for 422, what is wrong with which field."""
    try:
        body = answer.json()
    except ValueError:
        return answer.reason_phrase or "no reason"
    if not isinstance(body, dict):
        return answer.reason_phrase
    message = str(body.get("message") or answer.reason_phrase).rstrip(".")
    errors = body.get("errors")
    details = [_detail(item) for item in errors] if isinstance(errors, list) else []
    return f"{message} ({'; '.join(details)})" if details else message


def _detail(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    if item.get("message"):
        return str(item["message"])
    return " ".join(str(item[key]) for key in ("resource", "field", "code") if key in item)


def _cure(answer: httpx.Response, message: str) -> str:
    if limited(answer):
        return "Its rate limit is used up; run the command again later."
    if ACTIONS_MAY_NOT in message:
        return (
            "Settings → Actions → General → Workflow permissions: tick `Allow GitHub Actions to "
            "create and approve pull requests`, or give the repository a GitHub App."
        )
    if answer.status_code == httpx.codes.FORBIDDEN:
        return _permission(answer)
    if answer.status_code >= 500:
        return "That is GitHub's; https://www.githubstatus.com tells more. Run the command again."
    return CURES.get(answer.status_code, "Expected it to be accepted; `delivery doctor` looks why.")


def _permission(answer: httpx.Response) -> str:
    """Which permission is missing: GitHub names it in a header, `issues=write; …`."""
    accepted = answer.headers.get("x-accepted-github-permissions", "")
    missing = " or ".join(
        part.strip().replace("_", "-").replace("=", ": ") for part in accepted.split(";") if part
    )
    needs = f"`{missing}`" if missing else "a permission that it does not have"
    return (
        f"The token needs {needs}: grant it in the job's `permissions:`, or in the settings of "
        "the GitHub App. A pull request from a fork never gets more than `read`."
    )


CURES = {
    401: "The token is invalid or has expired; check GITHUB_TOKEN, or the GitHub App's key.",
    404: "It does not exist, or the token may not see it; check GITHUB_REPOSITORY and the token.",
    409: "It changed meanwhile; run the command again.",
}
