"""What real traffic says of a candidate beside the champion. Pure; docs/analysis.md explains it."""
