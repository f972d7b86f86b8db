"""Who calls: API keys, tokens, and what is remembered of them."""
