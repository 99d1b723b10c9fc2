"""Why a benchmark could not be run."""


class BenchmarkError(Exception):
    """One sentence: what was wrong, the value received, the remedy."""
