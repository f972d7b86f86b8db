"""The ASGI application: its routes, its start and its end."""
