"""Where predictions and feedback lie: a log folder or a store, by its address."""

from __future__ import annotations

from pathlib import Path

from delivery.errors import StoreError
from delivery.predictions.log_folder import LogFolder
from delivery.predictions.place import Place
from serving.segments.folder import KINDS, Folder


def place_of(address: str) -> Place:
    """The log folder or the store at `address`; StoreError if nothing here knows such an address.

    A folder is a store if it looks like one.
    """
    folder = Path(address)
    if "://" in address or any((folder / kind).is_dir() for kind in KINDS):
        from delivery.predictions.segment_store import SegmentStore  # brings fsspec
        from serving.segments.store import Store
        from serving.segments.store import StoreError as Failed

        try:
            return SegmentStore(Store(address))
        except Failed as error:
            raise StoreError(str(error)) from error
    return LogFolder(Folder(folder))
