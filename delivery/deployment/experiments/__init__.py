"""Experiments: two verified releases keep fixed shares until their users have told them apart."""
