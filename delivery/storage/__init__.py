"""Bytes by hash, and the checkout that they belong to."""
