"""What exists for jobs of GitHub Actions alone."""
