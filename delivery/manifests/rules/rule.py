"""A rule over manifests, and how it complains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from delivery.manifests.objects import Manifests, Object, at, named

# What stands in the way, as the rest of a sentence about an object: its name, the complaint.
Complaints = Iterator[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`protects` says from what."""

    name: str
    protects: str
    check: Callable[[Manifests], Complaints]


def pods(manifests: Manifests) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each pod that the objects make: whose it is, and its spec."""
    for each in manifests.of("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"):
        yield named(each), pod_of(each)


def pod_of(workload: Object) -> Mapping[str, Any]:
    """The spec of its pods."""
    job = at(workload, "spec", "jobTemplate") or workload
    return at(job, "spec", "template", "spec") or {}


def containers(manifests: Manifests) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each container, those that run before the others too: whose it is, and what it says."""
    for name, pod in pods(manifests):
        for key in ("initContainers", "containers"):
            for each in at(pod, key) or ():
                yield f"{name}, container {each.get('name')}", each


def every(
    found: Iterator[tuple[str, Mapping[str, Any]]], path: Sequence[str | int], expected: Any
) -> Complaints:
    """A complaint for each that has not `expected` at the path."""
    for name, each in found:
        if (value := at(each, *path)) != expected:
            where = ".".join(map(str, path))
            yield name, f"has {where}: {value!r}, expected {expected!r}"


def labels_of_pods(deployment: Object) -> Mapping[str, str]:
    return at(deployment, "spec", "template", "metadata", "labels") or {}


def selects(selector: Mapping[str, str] | None, labels: Mapping[str, str]) -> bool:
    """Does a selector of labels fit? One that is empty or not there fits nothing here."""
    return bool(selector) and (selector or {}).items() <= labels.items()


def seconds(value: Any) -> float:
    """A number of seconds as manifests write it; 0 for nothing."""
    return float(value or 0)
