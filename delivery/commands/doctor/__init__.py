"""`delivery doctor`: what is missing here, on GitHub, among the owners and in the jobs."""
