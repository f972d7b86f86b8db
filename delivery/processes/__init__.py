"""Processes of this machine that outlive the command that starts them, and their ports."""
