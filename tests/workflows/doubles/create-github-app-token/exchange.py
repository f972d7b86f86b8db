"""Exchange a JWT for the token of the installation in this repository."""

import os
import time
from pathlib import Path

import httpx
import jwt

api = os.environ["GITHUB_API_URL"]
now = int(time.time())
claims = {"iat": now - 60, "exp": now + 540, "iss": os.environ["CLIENT"]}
# A secret in act keeps its line breaks as two characters.
key = os.environ["KEY"].replace("\\n", "\n")
headers = {"Authorization": f"Bearer {jwt.encode(claims, key, algorithm='RS256')}"}
slug = os.environ["GITHUB_REPOSITORY"]
found = httpx.get(f"{api}/repos/{slug}/installation", headers=headers)
found.raise_for_status()
wanted = {"contents": os.environ["CONTENTS"], "pull_requests": os.environ["PULLS"]}
made = httpx.post(
    f"{api}/app/installations/{found.json()['id']}/access_tokens",
    headers=headers,
    json={"permissions": {name: level for name, level in wanted.items() if level}},
)
made.raise_for_status()
with Path(os.environ["GITHUB_OUTPUT"]).open("a") as out:
    out.write(f"token={made.json()['token']}\n")
