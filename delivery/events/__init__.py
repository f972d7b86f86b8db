"""What happened: events, the signed logs that they stand in, and whose are believed."""
