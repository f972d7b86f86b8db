"""What the service writes down: metrics, drift counters, logs, traces, feedback."""
