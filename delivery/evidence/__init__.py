"""Gathers the evidence of each gate. A gate and its evidence have the same name."""
