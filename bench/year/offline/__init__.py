"""What models of 2013 would have answered, without any delivery."""
