"""Rows of a request, validated by the contract."""
