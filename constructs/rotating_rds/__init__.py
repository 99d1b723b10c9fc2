"""Constructs for databases whose credentials rotate."""
