"""Requests under real traffic depend on each other: slow minutes, bursts of errors, users who come
again. How a comparison takes that into account."""
