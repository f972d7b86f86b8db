"""What the product is measured against; `make bench`. Nothing here is imported by it."""
