"""One row for each target that ran: upstream's columns, and after them our own.

The summary is what `zagg run --json` prints. Series are joined by column name, so that the
order stands and new columns only ever go to the end.
"""
LAMBDA_MEMORY_GB = 2.0  # these two where a summary does not say
LAMBDA_USD_PER_GB_SECOND = 0.0000133334  # arm64

TEXT, WHOLE, NUMBER = str, int, float
# Upstream's 23; tables and series of both programs share them.
SHARED_COLUMNS = {
    "timestamp": TEXT, "commit": TEXT, "ref": TEXT, "event": TEXT, "pr_number": WHOLE,
    "target": TEXT, "aggregator": TEXT, "grid_type": TEXT, "grid_size": TEXT,
    "shard_key": WHOLE, "n_granules": WHOLE, "total_obs": WHOLE, "runtime_s": NUMBER,
    "gb_seconds": NUMBER, "cost_per_shard_usd": NUMBER, "shard_area_km2": NUMBER,
    "cost_per_100km2_usd": NUMBER, "function_timeout_s": NUMBER,
    "worker_pct_timeout": NUMBER, "memory_gb": NUMBER, "price_per_gb_sec": NUMBER,
    "zagg_version": TEXT, "max_memory_mb": NUMBER,
}
OWN_COLUMNS = {
    "backend": TEXT,         # lambda, or local: synthetic granules on this machine
    "architecture": TEXT,    # of what did the work; null where a function's is not known
    "photons": WHOLE,        # in the granules that were made
    "total_obs_read": WHOLE,  # rows that the shard's read plans touched
    "cells_with_data": WHOLE,
    "phase_read_s": NUMBER, "phase_index_s": NUMBER, "phase_aggregate_s": NUMBER,
    "phase_write_s": NUMBER,
    "total_wall_s": NUMBER,   # as zagg says: fan-out and consolidation
    "process_wall_s": NUMBER,  # of the process, from its start to its end
    "process_cpu_s": NUMBER,   # user and system
    "threads": WHOLE, "store_objects": WHOLE, "store_bytes": WHOLE,
}
COLUMNS = {**SHARED_COLUMNS, **OWN_COLUMNS}


def first_of(mapping, *names):
    for name in names:
        if mapping.get(name) is not None:
            return mapping[name]
    return None


def peak_mb(summary):
    """MiB of what did the work: elsewhere the peak of the process is that of the dispatcher."""
    if summary.get("max_memory_mb") is not None or summary.get("backend") == "lambda":
        return summary.get("max_memory_mb")
    peak_bytes = summary.get("peak_rss_bytes")
    return None if peak_bytes is None else peak_bytes / 2**20


def shard_result(summary):
    """What is told of the one shard; a worker elsewhere told it in the body of a response."""
    results = summary.get("results")
    return {**results[0], **(results[0].get("body") or {})} if results else {}


def phases(summary):
    """Seconds of each phase of the one shard."""
    seconds = shard_result(summary).get("phase_timings") or \
        summary.get("worker_phase_max") or {}
    return {f"phase_{name}_s": seconds.get(name)
            for name in ("read", "index", "aggregate", "write")}


def metrics(summary, area_km2):
    """Upstream's metrics; null where the summary has nothing."""
    cost_usd = summary.get("estimated_cost_usd")
    return {
        "total_obs": summary.get("total_obs"),
        "runtime_s": first_of(summary, "worker_max_s", "lambda_time_s", "wall_time_s"),
        "gb_seconds": summary.get("gb_seconds"),
        "cost_per_shard_usd": cost_usd,
        "shard_area_km2": area_km2,
        "cost_per_100km2_usd": None if cost_usd is None else cost_usd * 100.0 / area_km2,
        "function_timeout_s": summary.get("function_timeout_s"),
        "worker_pct_timeout": summary.get("worker_pct_timeout"),
        "memory_gb": summary.get("memory_gb") or LAMBDA_MEMORY_GB,
        "price_per_gb_sec": summary.get("price_per_gb_sec") or LAMBDA_USD_PER_GB_SECOND,
        "max_memory_mb": peak_mb(summary),
    }


def build(context, target, run):
    """The record of a target. `context` has what is the same for all of a run (timestamp,
    commit, ref, event, pr_number, zagg_version, backend); `run` is what the backend gives
    back: {"summary": {...}} and its own columns, or {} of a dry run."""
    summary = run.get("summary", {})
    shard = target.shard
    known = {
        **context, "target": target.name, "aggregator": target.aggregator,
        "grid_type": target.grid_type, "grid_size": target.grid_size,
        "shard_key": shard.key, "n_granules": len(shard.granules),
        **metrics(summary, shard.area_km2()),
        "total_obs_read": summary.get("total_obs_read"),
        # the summary's own cells_with_data counts shards
        "cells_with_data": shard_result(summary).get("cells_with_data"), **phases(summary),
        "architecture": summary.get("architecture"),
        "total_wall_s": summary.get("wall_time_s"), "threads": summary.get("threads"),
        "store_objects": summary.get("store_objects"),
        "store_bytes": summary.get("store_bytes"),
        **run.get("columns", {}),
    }
    return {name: known.get(name) for name in COLUMNS}


def memory_share(max_memory_mb, memory_gb):
    """Peak memory as a part of the function's; None where either is not known."""
    if is_missing(max_memory_mb) or is_missing(memory_gb) or memory_gb <= 0:
        return None
    return max_memory_mb / (memory_gb * 1024.0)


def is_missing(value):
    """None, or the NaN that tables of doubles hold for it."""
    return value is None or value != value
