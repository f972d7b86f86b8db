"""From validated rows to an answer, whatever the protocol."""
