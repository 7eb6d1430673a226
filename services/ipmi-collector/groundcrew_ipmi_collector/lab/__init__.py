"""Simulated BMCs for tests, benchmarks and demonstrations: many in one process, difficult where they are told to be."""
