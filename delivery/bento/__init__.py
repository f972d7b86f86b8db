"""A bento: built, hashed, run on this machine and asked over HTTP."""
