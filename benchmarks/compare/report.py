"""Makes medians and ratios of the runs, and writes them down."""

import json
import statistics
import subprocess
from pathlib import Path

from contestants import LeftOut, python_with

COUNTS = (
    ("calls", "system calls"),
    ("voluntary", "voluntary switches"),
    ("involuntary", "involuntary switches"),
    ("allocated", "allocated bytes"),
    ("cpu_ns", "CPU ns"),
    ("cpu_gb", "CPU s a GB"),
)
SPARSE = ("calls", "voluntary", "involuntary")


def median_of(runs: list, number) -> dict:
    values = [value for value in map(number, runs) if value is not None]
    if not values:
        return {}
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values), "values": values}


def counts_of(work, runs: list, calls, traced: int) -> dict:
    """What does not depend on the machine's speed, a message."""
    def each(key):
        return lambda run: run[key] / (run["count"] * work.messages) if key in run else None

    counts = {key: median_of(runs, each(key)) for key in ("voluntary", "involuntary", "allocated")}
    counts["cpu_ns"] = median_of(runs, lambda run: run["cpu"] * 1e9 / (run["count"] * work.messages))
    if any(run["bytes"] >= 50_000_000 for run in runs):
        counts["cpu_gb"] = median_of(runs, lambda run: run["cpu"] * 1e9 / run["bytes"])
    if work.unit == "copy":
        counts.pop("cpu_ns")
    counts = {key: value["median"] for key, value in counts.items() if value}
    if calls is not None:
        counts["calls"] = sum(calls.values()) / (traced * work.messages)
        common = sorted(calls.items(), key=lambda item: -item[1])[:6]
        counts["calls_by_name"] = {name: count / (traced * work.messages) for name, count in common}
    return counts


def collect(driver, works: list, there: list, head: dict) -> dict:
    result = {**head, "works": [], "left_out": []}
    for work in works:
        rows = []
        for contestant in there:
            runs = driver.runs.get((work.name, contestant.name))
            if not runs:
                continue
            metrics = {metric.key: median_of(runs, metric.of) for metric in work.metrics}
            rows.append({
                "contestant": contestant.name,
                "metrics": {key: value for key, value in metrics.items() if value},
                "counts": counts_of(work, runs, driver.calls.get((work.name, contestant.name)), work.traced),
            })
        base = next((row for row in rows if row["contestant"] == head["base"]), None)
        for row in rows:
            for key, value in row["metrics"].items():
                if base and base["metrics"].get(key, {}).get("median"):
                    value["ratio"] = value["median"] / base["metrics"][key]["median"]
        if rows:
            metrics = [{"key": metric.key, "title": metric.title, "unit": metric.unit, "more": metric.more_is_better}
                       for metric in work.metrics]
            result["works"].append(
                {"name": work.name, "title": work.title, "unit": work.unit, "metrics": metrics, "rows": rows})
    titles = {contestant.name: contestant.title for contestant in there}
    result["contestants"] = titles
    for name, work, reason in driver.left_out:
        result["left_out"].append({"contestant": name, "work": work, "reason": reason})
    return result


def figure(value) -> str:
    if value is None:
        return ""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 0.1:
        return f"{value:.2f}"
    if size >= 0.0001:
        return f"{value:.4f}"
    return f"{value:.1e}"


def table(head: list, rows: list, texts: tuple = ()) -> list:
    """A table whose first column, and those named, are text; the others are numbers."""
    sides = ["---" if column == 0 or name in texts else "---:" for column, name in enumerate(head)]
    return ["| " + " | ".join(head) + " |", "| " + " | ".join(sides) + " |",
            *("| " + " | ".join(row) + " |" for row in rows), ""]


def ratios(result: dict) -> list:
    """One row a contestant, one column a work: its first metric, as a multiple of the base's speed."""
    works = [work for work in result["works"] if work["name"] != "idle"]
    rows = []
    for name in result["contestants"]:
        row = [f"`{name}`"]
        for work in works:
            mine = next((row for row in work["rows"] if row["contestant"] == name), None)
            ratio = mine and mine["metrics"].get(work["metrics"][0]["key"], {}).get("ratio")
            if ratio:
                ratio = ratio if work["metrics"][0]["more"] else 1 / ratio
            row.append(figure(ratio) if ratio else "–")
        rows.append(row)
    return table(["", *(work["name"] for work in works)], rows)


def work_tables(work: dict, base: str) -> list:
    text = [f"## `{work['name']}`: {work['title']}", ""]
    head = ["contestant"]
    for metric in work["metrics"]:
        unit = f", {metric['unit']}" if metric["unit"] else ""
        head += [f"{metric['title']}{unit}", "lowest to highest", f"to `{base}`"]
    rows = []
    for row in work["rows"]:
        cells = [f"`{row['contestant']}`"]
        for metric in work["metrics"]:
            value = row["metrics"].get(metric["key"], {})
            cells += [figure(value.get("median")), f"{figure(value['lowest'])} to {figure(value['highest'])}"
                      if value else "", figure(value.get("ratio"))]
        rows.append(cells)
    text += table(head, rows)
    if work["name"] == "idle":
        return text
    rare = work["unit"] == "line"  # calls and switches
    scale = 1000 if rare else 1
    heading = f"Counts, a {work['unit']}" + ("; of calls and switches, a thousand lines:" if rare else ":")
    text += [heading, ""]
    used = [(key, title) for key, title in COUNTS if any(key in row["counts"] for row in work["rows"])]
    rows = []
    for row in work["rows"]:
        names = row["counts"].get("calls_by_name", {})
        common = ", ".join(f"{name} {figure(count * scale)}" for name, count in list(names.items())[:4])
        cells = [figure(scaled(row["counts"].get(key), scale if key in SPARSE else 1)) for key, _ in used]
        rows.append([f"`{row['contestant']}`", *cells, common])
    calls = ["most common calls"] if any("calls" in row["counts"] for row in work["rows"]) else []
    if not calls:
        rows = [row[:-1] for row in rows]
    return text + table(["contestant", *(title for _, title in used), *calls], rows, ("most common calls",))


def scaled(value, scale: int):
    return None if value is None else value * scale


def loads(machine: dict) -> str:
    during = machine.get("load_during")
    return f", during it {min(during)} to {max(during)}, the contestants included" if during else ""


def markdown(result: dict) -> str:
    machine = result["machine"]
    text = [
        "# Results", "",
        "Written by `benchmarks/compare/run`; [README.md](README.md) says what it means.", "",
        f"{result['date']}; {machine['cores']} cores, {machine['processor']}, {machine['memory_gib']} GiB; "
        f"{machine['kernel']}, {machine['system']}; load before the run {', '.join(map(str, machine['load']))}{loads(machine)}. "
        f"{machine['note']}", "",
        f"{result['rounds']} rounds{' of small sizes (--quick)' if result['quick'] else ''}, in which the contestants "
        f"took turns, {result['seconds']} s in all. The file is of {result['file_bytes'] // 1_000_000} MB.", "",
    ]
    text += table(["contestant", "what", "version"], [
        [f"`{name}`", title, result["versions"][name]] for name, title in result["contestants"].items()],
        ("what", "version"))
    text += ["## Speed, as a multiple of `" + result["base"] + "`", "",
             "More than 1 is faster than it. Medians of the first number of each table below.", "", *ratios(result)]
    for work in result["works"]:
        text += work_tables(work, result["base"])
    text += ["## Left out", ""]
    grouped: dict = {}
    for entry in result["left_out"]:
        grouped.setdefault((entry["contestant"], entry["reason"]), []).append(entry["work"])
    for (name, reason), works in grouped.items():
        where = " in " + ", ".join(f"`{work}`" for work in works) if works != [None] else ""
        text.append(f"- `{name}`{where}: {reason}")
    return "\n".join(text).rstrip() + "\n"


def plot(result: dict, out: Path) -> str:
    """Draws the plots. Returns why there are none, or nothing."""
    try:
        python = python_with("matplotlib", "python3-matplotlib")
    except LeftOut as e:
        return str(e)
    done = subprocess.run([python, str(Path(__file__).with_name("plots.py")), str(out)], input=json.dumps(result),
                          text=True, capture_output=True, check=False)
    if done.returncode != 0:
        return f"matplotlib failed: {done.stderr.strip().splitlines()[-1]}"
    return ""
