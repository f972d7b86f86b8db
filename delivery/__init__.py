"""Gates, releases, promotion, deployment and rollback. Git says what runs where."""
