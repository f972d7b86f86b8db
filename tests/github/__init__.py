"""A GitHub for tests: `hub.Hub`, stateful, over a real bare repository, with git over HTTP.

What it does it does as GitHub does; what it does not know it answers with 404. `test_hub.py` holds
its rules, and `test_emulate.py` compares it with somebody else's emulator.
"""
