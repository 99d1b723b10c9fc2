"""The embedded AWS: an emulator, the rotation side of Secrets Manager and real database servers."""
