"""`make demo`: the whole loop in a scratch clone, by the commands that people use.

It works with whatever model the checkout holds. The two stages of its story, a first release and
an improvement, are the overrides under `demo:` in params.yaml. Everything lives under `.demo/`:
a clone, its bare origin, its DVC remote and a home of its own.
"""
