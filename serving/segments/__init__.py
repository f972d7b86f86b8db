"""What was written down, in pieces that do not change any more, and how they come to a store.

folder    a log folder: files that are written to, and those that were closed
store     a folder or an object store: closed segments, named by what is in them
shipper   carries segments from the one to the other, beside the service
"""
