"""The route of one environment: Traefik, the file that it reads, and who may write that file."""
