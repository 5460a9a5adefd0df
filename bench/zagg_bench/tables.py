"""The comment on a pull request and latest.md: upstream's text for records of Lambda, and the
same table under other words for those of this machine."""
from .record import is_missing, memory_share

MARKER = "<!-- zagg-benchmark -->"
NO_RECORDS = "No benchmark records were produced."
HEADERS = ("target", "obs", "runtime (s)", "cost/shard", "cost/100 km²", "% timeout",
           "mem (MB)", "% cap")


def show(value, spec=""):
    return "n/a" if is_missing(value) else format(value, spec)


def show_whole(value):
    """Thousands; a count that went through a table of doubles is still a whole number."""
    return "n/a" if is_missing(value) else format(int(value), ",d")


def show_seconds(value):
    """One decimal as upstream has it; below a second, where that says nothing, three."""
    return show(value, ".1f" if is_missing(value) or value >= 1.0 else ".3f")


def row(record):
    share = memory_share(record.get("max_memory_mb"), record.get("memory_gb"))
    return (show(record.get("target")), show_whole(record.get("total_obs")),
            show_seconds(record.get("runtime_s")),
            "$" + show(record.get("cost_per_shard_usd"), ".5f"),
            "$" + show(record.get("cost_per_100km2_usd"), ".5f"),
            show(record.get("worker_pct_timeout"), ".0%"),
            show(record.get("max_memory_mb"), ".0f"), show(share, ".0%"))


def table(records):
    rules = ["---"] + ["---:"] * (len(HEADERS) - 1)
    return ["| " + " | ".join(cells) + " |" for cells in (HEADERS, rules, *map(row, records))]


def is_local(records):
    return records[0].get("backend") == "local"


def title(records):
    """(kind of benchmark, first digits of the commit)"""
    kind = "Offline" if is_local(records) else "Lambda"
    return kind, show(records[0].get("commit"))[:7]


def machine(records):
    """What the figures were measured on, and of Lambda what it costs."""
    first = records[0]
    if is_local(records):
        return (f"{show(first.get('architecture'))} · this machine · synthetic granules, "
                f"{show_whole(first.get('photons'))} photons in the first target")
    return (f"{first.get('architecture') or 'arm64'} · {show(first.get('memory_gb'))} GB · "
            f"${show(first.get('price_per_gb_sec'))}/GB-s")


def comment(records, note=""):
    """Markdown for a pull request; the marker lets a later run find and replace it."""
    if not records:
        return f"{MARKER}\n{NO_RECORDS}"
    kind, commit = title(records)
    lines = [MARKER, f"### {kind} benchmark — `{commit}`", ""]
    if note:
        lines += [f"> ⚠️ {note}", ""]
    lines += [*table(records), "", f"_{machine(records)} · one shard/target · "
              "pre-merge runs are not retained._"]
    return "\n".join(lines)


def latest(records):
    """Markdown of the last commit of a series."""
    if not records:
        return NO_RECORDS
    kind, commit = title(records)
    lines = [f"### Latest {kind} benchmark — `{commit}`", "",
             f"_{show(records[0].get('timestamp'))} · {machine(records)} · one densest "
             "shard/target · retained merge point._", "", *table(records), "",
             "Machine-readable companion: `metrics.json` (same directory)."]
    return "\n".join(lines)
