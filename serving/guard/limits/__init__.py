"""What a client may use up: connections, time, turns."""
