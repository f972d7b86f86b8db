"""Main's policy (delivery.yaml), this machine, and what a person overrides."""
