"""Applications of every kind work on every engine while their credentials rotate every few seconds: `make soak`."""
