"""Whose signature main has, for a release that it wants."""

from __future__ import annotations

import os
from pathlib import Path

from delivery.evidence.supply_chain.signature import admit, gather, observe
from delivery.release.signing import sign
from delivery.state.record import record_path, signature_path
from delivery.trust.keys import own_key
from tests.delivery.evidence.submitted import Desk, candidate
from tests.delivery.evidence.trials import live, tiny_bento
from tests.delivery.place import World
from tests.origin import Origin

ONE = "r-111111111111"


def test_what_is_wanted_and_not_signed_is_told(origin: Origin) -> None:
    origin.want("staging", ONE)
    tiny_bento(origin.path, ONE)
    world = World(origin.path, lambda _: None)
    snapshot = world.snapshot()
    evidence = admit(world, snapshot, snapshot.attempt("staging"))
    assert (evidence.environment, evidence.signed) == ("staging", None)
    assert f"`delivery sign {ONE}`" in evidence.missing


def test_a_signature_on_main_covers_the_bento_and_its_record(origin: Origin) -> None:
    origin.want("staging", ONE)
    bento, key = tiny_bento(origin.path, ONE), own_key(os.environ, make=True)
    assert key is not None
    path = record_path(ONE)
    record = origin.git("show", f"HEAD:{path}") + "\n"
    text = sign(ONE, bento.path, {Path(path).name: record}, key)
    origin.push({signature_path(ONE): text, ".gitignore": f"/{ONE}/\n"})
    world = World(origin.path, lambda _: None)
    snapshot = world.snapshot()
    evidence = admit(world, snapshot, snapshot.attempt("staging"))
    assert evidence.signed == evidence.found
    assert (evidence.genuine, evidence.own, evidence.signer) == (True, True, None)
    (bento.model / "more").write_text("x")
    edited = admit(world, snapshot, snapshot.attempt("staging"))
    assert (edited.signed, edited.genuine) == (evidence.signed, True)
    assert edited.found != edited.signed


def test_a_trial_and_an_instance_hand_on_what_they_were_given(
    origin: Origin, tmp_path: Path
) -> None:
    world = World(origin.path, lambda _: None)
    given = world.signed(world.snapshot(), ONE, "staging")
    made = candidate(tmp_path)
    desk = Desk(origin, tmp_path)
    assert gather(desk.trial(made, signature=given)) is given
    assert gather(desk.trial(made)) is None
    assert observe(live(made.bento, signature=given)) is given
    assert observe(live(made.bento)) is None
