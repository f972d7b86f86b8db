"""The target `local`: bento processes on this machine behind a router."""
