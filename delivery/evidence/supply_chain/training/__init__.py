"""How a model came to be: what its sealed stages said, who vouches for it, and its refit."""
