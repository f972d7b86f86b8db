"""What releases under real traffic were asked and answered."""
