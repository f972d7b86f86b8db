"""What main says about the environments: each file with its parser and its inverse."""
