"""Evidence about what a release is made of and where it comes from."""
