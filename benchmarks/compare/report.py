"""Makes medians and ratios of the runs, and writes them down."""

import json
import statistics
import subprocess
from pathlib import Path

from contestants import LeftOut, python_with
from goals import OURS, reach

COUNTS = (
    ("calls", "system calls"),
    ("calls_no_futex", "besides futex"),
    ("voluntary", "voluntary switches"),
    ("involuntary", "involuntary switches"),
    ("allocated", "allocated bytes"),
    ("cpu_ns", "CPU ns"),
    ("cpu_gb", "CPU s a GB"),
)
SPARSE = ("calls", "calls_no_futex", "voluntary", "involuntary")

# Of the section "Counts": title, key, works.
LINES = ("lines20", "lines100", "lines1000")
BYTES = ("throughput", "throughput4k", "tofile", "fromfile")
TRACED = ("lines100", "roundtrip", "pipes1000", "throughput", "throughput4k", "starts", "run1")
COUNT_TABLES = (
    ("System calls a line, round trip, message, block or child", "calls", TRACED),
    ("The same besides `futex`, which depends on the order in which threads run", "calls_no_futex", TRACED),
    ("CPU seconds a GB", "cpu_gb", LINES + BYTES),
    ("Context switches a GB, of threads that live to the end", "switches_gb", LINES + BYTES),
    ("Allocated bytes a line, round trip, message or block", "allocated",
     (*LINES, "roundtrip", "pipes1000", "throughput", "throughput4k")),
    ("Allocated bytes for a byte of payload", "allocated_byte", (*LINES, "pipes1000", *BYTES)),
)


def median_of(runs: list, number) -> dict:
    values = [value for value in map(number, runs) if value is not None]
    if not values:
        return {}
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values), "values": values}


def counts_of(work, runs: list, calls, traced: int) -> dict:
    """What does not depend on the machine's speed: a message, and for a GB of payload."""
    def each(key):
        return lambda run: run[key] / (run["count"] * work.messages) if key in run else None

    def payload(*keys):
        return lambda run: sum(run[key] for key in keys) / run["bytes"] if run["bytes"] and keys[0] in run else None

    counts = {key: median_of(runs, each(key)) for key in ("voluntary", "involuntary", "allocated")}
    if work.unit != "copy":
        counts["cpu_ns"] = median_of(runs, each("cpu"))
    counts["cpu_gb"] = median_of(runs, payload("cpu"))  # ns a byte are s a GB
    counts["switches_gb"] = scaled_by(1e9, median_of(runs, payload("voluntary", "involuntary")))
    counts["allocated_byte"] = median_of(runs, payload("allocated"))
    counts["compiled_ms"] = median_of(runs, lambda run: run.get("compiled"))
    counts = {key: value["median"] for key, value in counts.items() if value}
    if calls is not None:
        of_all = traced * work.messages
        counts["calls"] = sum(calls.values()) / of_all
        counts["calls_no_futex"] = (sum(calls.values()) - calls.get("futex", 0)) / of_all
        common = sorted(calls.items(), key=lambda item: -item[1])[:6]
        counts["calls_by_name"] = {name: count / of_all for name, count in common}
    return counts


def scaled_by(factor: float, value: dict) -> dict:
    return {**value, "median": value["median"] * factor} if value else {}


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
    result["goals"] = reach(result)
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


def speed(result: dict, work: dict, name: str):
    """How many times as fast as the base a contestant is, by the work's first number."""
    row = row_of(work, name)
    ratio = row and row["metrics"].get(work["metrics"][0]["key"], {}).get("ratio")
    if not ratio:
        return None
    return ratio if work["metrics"][0]["more"] else 1 / ratio


def row_of(work: dict, name: str):
    return next((row for row in work["rows"] if row["contestant"] == name), None)


def ratios(result: dict) -> list:
    """A row a work: the base's speed as a multiple of each peer's, and the other ways of this library by the base's."""
    works = [work for work in result["works"] if work["name"] != "idle"]
    base = result["base"]
    peers = [name for name in result["contestants"] if not name.startswith(OURS)]
    others = [name for name in result["contestants"] if name.startswith(OURS) and name != base]
    text = [f"## Speed of `{base}`, as a multiple of each peer's", "",
            f"More than 1: `{base}` is faster. By the medians of the first number of each work.", ""]
    rows = [[f"`{work['name']}`", *(figure(inverse(speed(result, work, name))) or "–" for name in peers)]
            for work in works]
    text += table(["", *(f"`{name}`" for name in peers)], rows)
    if others:
        text += [f"Speed of this library's other ways, as a multiple of `{base}`:", ""]
        rows = [[f"`{work['name']}`", *(figure(speed(result, work, name)) or "–" for name in others)] for work in works]
        text += table(["", *(f"`{name}`" for name in others)], rows)
    return text


def inverse(value):
    return 1 / value if value else None


def goal_table(result: dict) -> list:
    reached = result.get("goals", [])
    if not reached:
        return []
    verdicts = [goal["verdict"] for goal in reached]
    text = ["## Goals", "",
            f"Of one run: {verdicts.count('met')} met, {verdicts.count('missed')} missed, "
            f"{verdicts.count('not measured')} not measured. By medians; the range is that of the single rounds.", ""]
    rows = []
    for goal in reached:
        bound = f"{'≥' if goal['at_least'] else '≤'} {figure(goal['bound'])}{goal['unit']}"
        spread = "" if goal["lowest"] is None else f"{figure(goal['lowest'])} to {figure(goal['highest'])}"
        rows.append([goal["title"], bound, figure(goal["reached"]), spread, goal["verdict"]])
    return text + table(["goal", "bound", "reached", "lowest to highest", "verdict"], rows, ("verdict",))


def count_tables(result: dict) -> list:
    works = {work["name"]: work for work in result["works"]}
    text = []
    for title, key, names in COUNT_TABLES:
        names = [name for name in names if name in works]
        rows = []
        for contestant in result["contestants"]:
            cells = [(row_of(works[name], contestant) or {"counts": {}})["counts"].get(key) for name in names]
            if any(cell is not None for cell in cells):
                rows.append([f"`{contestant}`", *(figure(cell) or "–" for cell in cells)])
        if rows:
            text += [f"{title}:", "", *table(["", *(f"`{name}`" for name in names)], rows)]
    return ["## Counts", "", *text] if text else []


def compilation(result: dict) -> str:
    """How warm the JVMs were."""
    times = [(row["counts"]["compiled_ms"], row["contestant"], work["name"])
             for work in result["works"] for row in work["rows"] if "compiled_ms" in row["counts"]]
    if not times:
        return ""
    most, contestant, work = max(times)
    median = statistics.median(time for time, _, _ in times)
    return (f"While they were measured, the JVMs compiled for {figure(median)} ms in the median, and at most "
            f"{figure(most)} ms (`{contestant}` in `{work}`).")


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
        f"{result['rounds']} round{'s' if result['rounds'] > 1 else ''}{' of small sizes (--quick)' if result['quick'] else ''}, in which the contestants "
        f"took turns, {result['seconds']} s in all. The file is of {result['file_bytes'] // 1_000_000} MB. "
        f"{compilation(result)}", "",
    ]
    text += table(["contestant", "what", "version"], [
        [f"`{name}`", title, result["versions"][name]] for name, title in result["contestants"].items()],
        ("what", "version"))
    text += [*goal_table(result), *ratios(result), *count_tables(result)]
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
