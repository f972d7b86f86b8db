"""Who signed a release, and does that count: the evidence for the gate `signature`.

The list of those who may sign is main's, now. A key is judged at the time when the signature
came to main.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from delivery.errors import HeldError, RefusedError
from delivery.gates.supply_chain import signature
from delivery.gates.verdict import Verdict
from delivery.release.signing import Signature, read_signature, sign, signed_files
from delivery.state.record import record_path, sbom_path, signature_path
from delivery.state.snapshot import Snapshot
from delivery.storage.checkout import Checkout
from delivery.trust.keys import Duty, PublicKey, own_key, own_public_key
from delivery.trust.signers import public_keys, who_may


def released_signature(
    checkout: Checkout, snapshot: Snapshot, release: str, environment: str
) -> signature.Evidence:
    """The evidence about a release that main has."""
    bento = checkout.bento(snapshot, release)
    git = checkout.repository
    names = (record_path(release), sbom_path(release))
    contents = {name: git.blob(snapshot.commit, name) for name in names}
    beside = {Path(name).name: content for name, content in contents.items() if content is not None}
    files = signed_files(release, bento, beside)
    path = signature_path(release)
    text = git.read(snapshot.commit, path)
    if text is None:
        missing = f"main has no {path}. `delivery sign {release}` makes one, if you vouch for it"
        trust = who_may(snapshot.settings.trust, "releases")
        return signature.Evidence(environment, None, files, _now(), missing=missing, trust=trust)
    at = datetime.fromisoformat(git.run("show", "-s", "--format=%cI", git.last_change(path)))
    return evidence_about(checkout, snapshot, environment, (read_signature(text, path), files, at))


def new_signature(
    checkout: Checkout, snapshot: Snapshot, bento: Path, files: Mapping[str, str]
) -> tuple[str, signature.Evidence]:
    """Sign a release that is about to be proposed to the first environment.

    `files` maps paths of the repository (the record, the SBOM) to texts. Returns the text of the
    signature and the evidence about it.
    """
    release = bento.name
    texts = {Path(path).name: text for path, text in files.items()}
    pem = own_key(checkout.surroundings.environ, make=True)
    assert pem is not None, "it was made"
    text = sign(release, bento, texts, pem)
    hashes = signed_files(release, bento, {name: text.encode() for name, text in texts.items()})
    signed = read_signature(text, signature_path(release))
    first = snapshot.settings.first
    return text, evidence_about(checkout, snapshot, first, (signed, hashes, _now()))


def require_signed(verdict: Verdict, release: str, environment: str) -> None:
    """RefusedError or HeldError unless the gate passed."""
    if verdict.status == "pass":
        return
    kind = RefusedError if verdict.status == "fail" else HeldError
    raise kind(
        f"{release} may not start in {environment}: {verdict.why}. docs/trust.md says what to do."
    )


def evidence_about(
    checkout: Checkout,
    snapshot: Snapshot,
    environment: str,
    about: tuple[Signature, Mapping[str, str], datetime],
) -> signature.Evidence:
    """The evidence on what was signed, what is there, and when the signature came to main."""
    signed, files, at = about
    keys = trusted_keys(checkout, snapshot)
    mine = own_public_key(checkout.surroundings.environ)
    signer = next((name for name, key in keys.items() if key.id == signed.key_id), None)
    same = mine is not None and mine.id == signed.key_id
    key = keys[signer] if signer else mine if same else None
    return signature.Evidence(
        environment=environment,
        signed=signed.files,
        found=files,
        at=at,
        key_id=signed.key_id,
        signer=signer,
        own=same
        and not checkout.surroundings.is_hosted,  # a key that ends with its job is nobody's
        genuine=key is not None and signed.genuine(key),
        serves=not checkout.surroundings.rehearses,  # no client ever reaches a rehearsal
        trust=who_may(snapshot.settings.trust, "releases"),
    )


def trusted_keys(
    checkout: Checkout, snapshot: Snapshot, duty: Duty = "releases"
) -> Mapping[str, PublicKey]:
    """Name → public key of everybody who may sign `duty`. InputError: see `public_keys`."""
    trust = snapshot.settings.trust
    keys = public_keys(trust, partial(checkout.repository.read, snapshot.commit))
    return {name: keys[name] for name in who_may(trust, duty)}


def _now() -> datetime:
    return datetime.now(UTC)
