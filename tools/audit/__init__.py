"""Holds the templates of every environment to scanners that are too large for every check: `make audit`."""
