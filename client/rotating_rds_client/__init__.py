"""Read database credentials at runtime and connect through their rotations."""
