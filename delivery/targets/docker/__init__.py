"""The target `docker`: containers on one host, by the engine that DOCKER_HOST names."""
