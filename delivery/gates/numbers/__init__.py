"""The statistics that gates share. Pure."""
