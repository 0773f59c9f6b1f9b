"""Draws a result, given on stdin as JSON, into a directory. Needs matplotlib.

results.svg has a small bar chart a work, growth.svg the time of a message over the number of pipes.
"""

import itertools
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "aiopipe"  # the same result gives the same file
matplotlib.rcParams["svg.fonttype"] = "none"
import matplotlib.pyplot as plt  # noqa: E402

OURS, JVM, OTHER = "#0b6e99", "#8fb8cc", "#c9c9c9"


def color(name: str) -> str:
    if name.startswith("aiopipe"):
        return OURS
    return JVM if name.startswith("jdk") or name in ("okio", "ktor", "nuprocess") else OTHER


def bars(axes, work: dict, metric: dict, rows: list) -> None:
    rows = [row for row in rows if metric["key"] in row["metrics"]]
    rows.sort(key=lambda row: row["metrics"][metric["key"]]["median"], reverse=not metric["more"])
    values = [row["metrics"][metric["key"]] for row in rows]
    medians = [value["median"] for value in values]
    spread = [[value["median"] - value["lowest"] for value in values],
              [value["highest"] - value["median"] for value in values]]
    names = [row["contestant"] for row in rows]
    axes.barh(names, medians, color=[color(name) for name in names], xerr=spread, ecolor="#555555", capsize=2)
    better = "more is better" if metric["more"] else "less is better"
    unit = f", {metric['unit']}" if metric["unit"] else ""
    axes.set_title(f"{work['title']}\n{metric['title']}{unit} ({better})", fontsize=8)
    axes.tick_params(labelsize=7)
    if medians and max(medians) > 12 * sorted(medians)[len(medians) // 2]:
        axes.set_xscale("log")
    axes.spines[["top", "right"]].set_visible(False)


GROWTH = "pipes"  # the works' names: pipes1, pipes10, …


def growth(works: list, path: Path) -> None:
    """Lines: what a message costs over more and more pipes."""
    lines: dict = {}
    for work in works:
        for row in work["rows"]:
            if "time" in row["metrics"]:
                point = (int(work["name"].removeprefix(GROWTH)), row["metrics"]["time"]["median"])
                lines.setdefault(row["contestant"], []).append(point)
    figure, axes = plt.subplots(figsize=(8, 5))
    axes.set_prop_cycle(color=plt.get_cmap("tab10").colors[1:])  # without the blue, which is ours
    styles = itertools.cycle(("-", "--", ":", "-."))
    for name, points in lines.items():
        ours = name.startswith("aiopipe")
        axes.plot(*zip(*sorted(points)), next(styles), marker="o", markersize=3, label=name,
                  **({"color": OURS} if ours else {}), linewidth=2 if ours else 1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("pipes", fontsize=8)
    axes.set_ylabel("ns a message (less is better)", fontsize=8)
    axes.set_title("A message over each of so many pipes", fontsize=9)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, ncols=2, frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def draw(charts: list, path: Path) -> None:
    columns = 3
    lines = -(-len(charts) // columns)
    figure, grid = plt.subplots(lines, columns, figsize=(13, 3.1 * lines), squeeze=False)
    for axes, chart in zip(grid.flat, charts):
        bars(axes, *chart)
    for axes in list(grid.flat)[len(charts):]:
        axes.axis("off")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    result = json.load(sys.stdin)
    out = Path(sys.argv[1])
    charts = [(work, metric, work["rows"]) for work in result["works"] for metric in work["metrics"]]
    growing = [work for work in result["works"] if work["name"].startswith(GROWTH)]
    if len(growing) > 2:
        growth(growing, out / "growth.svg")
    draw(charts, out / "results.svg")


main()
