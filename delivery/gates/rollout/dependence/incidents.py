"""Errors of one cause come in bursts: what counts as one incident, and whose it is."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from delivery.gates.rollout.observations.samples import Flags, Samples, Whole

QUIET = 3  # requests without an error before an error is a new incident


def incidents(samples: Samples, attempt: str) -> Samples:
    """The errors that own an incident, in the order of time.

    An incident is all errors of one cause within one second, in both arms: a shared outage is one
    incident and blames nobody. It is owned by one of its errors, drawn evenly. It is none where
    every error goes on from an earlier one: the arm, or all traffic, has to be `QUIET` first. Of
    each entity the first error of the attempt counts alone: later ones come from the arm that it
    is known to be in. The newest second is left out until it is over, so nothing is drawn twice.
    """
    if not len(samples):
        return samples
    over = np.floor(samples.at) < np.floor(samples.at[-1])
    begins = _begins(samples)[samples.failed & over]
    errors = samples[samples.failed & over]
    return errors[_owners(errors, begins, first_of_entities(errors), attempt)]


def _begins(samples: Samples) -> Flags:
    """Is it an error after `QUIET` requests without one, of its arm and of all?"""
    begins = _after_quiet(samples.failed)
    for arm in (True, False):
        places = np.flatnonzero(samples.candidate == arm)
        begins[places] &= _after_quiet(samples.failed[places])
    return begins


def _after_quiet(failed: Flags) -> Flags:
    errors = np.flatnonzero(failed)
    begins = np.zeros(len(failed), dtype=bool)
    begins[errors[np.diff(errors, prepend=-QUIET - 1) > QUIET]] = True
    return begins


def first_of_entities(samples: Samples) -> Flags:
    """Is it the first request of its entity? Requests of nobody known are all first ones."""
    first = samples.entity == ""
    _, places = np.unique(samples.entity, return_index=True)
    first[places] = True
    return np.asarray(first)


def _owners(errors: Samples, begins: Flags, first: Flags, attempt: str) -> Whole:
    """The place of the owner of each incident that begins."""
    keys = [(int(at), str(cause)) for at, cause in zip(errors.at, errors.cause, strict=True)]
    begun = {key for key, begin in zip(keys, begins, strict=True) if begin}
    errors_of: dict[tuple[int, str], list[int]] = {}
    for place in np.flatnonzero(first):
        if keys[place] in begun:
            errors_of.setdefault(keys[place], []).append(int(place))
    owners = [
        places[int(_uniform(f"{attempt} {second} {cause}") * len(places))]
        for (second, cause), places in errors_of.items()
    ]
    return np.array(sorted(owners), dtype=np.int64)


def _uniform(text: str) -> float:
    """A number from 0 to 1 that only the text decides: a replay draws the same."""
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest()) / 2**48


def breaks_down(samples: Samples, failures: int) -> bool:
    """Did the candidate fail `failures` of twice as many requests in a row of one step, or of
    fewer, while the champion failed less than half as often? The share differs between steps, so
    what the champion answered in the same time does not compare across them."""
    steps = np.unique(samples.step)
    return any(_breaks_down(samples.of_step(step), failures) for step in steps)


def _breaks_down(samples: Samples, failures: int) -> bool:
    places = np.flatnonzero(samples.candidate)
    count = np.cumsum(samples.failed[places])
    before = np.concatenate([np.zeros(2 * failures, dtype=count.dtype), count])[: len(count)]
    ends = np.flatnonzero(count - before >= failures)
    starts = np.maximum(0, ends - 2 * failures + 1)
    theirs = np.concatenate([[0], np.cumsum(~samples.candidate)])
    bad = np.concatenate([[0], np.cumsum(samples.failed & ~samples.candidate)])
    since, until = places[starts], places[ends]
    requests = theirs[until] - theirs[since]
    return bool(((requests > 0) & (bad[until] - bad[since] < requests / 4)).any())
