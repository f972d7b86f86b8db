"""Images of releases: what somebody vouches for, signed, beside the record."""
