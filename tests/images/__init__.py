"""Images that start: needs a container engine, so `make test` leaves this folder out."""
