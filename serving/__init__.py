"""What runs inside a bento: any model with a contract."""
