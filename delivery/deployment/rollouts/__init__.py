"""A rollout that is watched: its traffic, its comparisons, how it stands."""
