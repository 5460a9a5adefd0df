"""zagg-bench: the benchmark targets, their records, tables and series (bench/TARGETS.md)."""
