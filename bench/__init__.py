"""Benchmarks: what the queue costs, beside its floors and its peers in the same run."""
