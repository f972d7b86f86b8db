"""`delivery github`: settings as the files of main say, and the App of the repository."""
