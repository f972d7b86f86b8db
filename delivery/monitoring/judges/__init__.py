"""Pure functions from what was written down to a finding."""
