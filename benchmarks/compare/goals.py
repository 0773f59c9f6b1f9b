"""The goals of this library beside its peers: one table. What a run has reached is computed from its result."""

from dataclasses import dataclass
from typing import Optional

OURS = "aiopipe"
LOOP = "aiopipe-loop"
STREAMS = "jdk-thread"  # the JDK's streams, BufferedReader among them, on a thread


@dataclass(frozen=True)
class Goal:
    """A number of a contestant: itself, or as a multiple of a peer's, or how much more it is than a peer's."""

    work: str
    number: str  # a metric of the work, or one of its counts
    title: str
    bound: float
    at_least: bool
    mine: str = OURS
    peer: Optional[str] = None
    difference: bool = False
    unit: str = ""


def speed(work: str, peer: str, bound: float, number: str = "rate") -> Goal:
    return Goal(work, number, f"`{work}`: speed, as a multiple of `{peer}`", bound, True, peer=peer)


def time_of(work: str, peer: str, bound: float, mine: str = OURS, number: str = "time") -> Goal:
    who = "" if mine == OURS else f" of `{mine}`"
    return Goal(work, number, f"`{work}`: {number}{who}, as a multiple of `{peer}`", bound, False, mine, peer)


def cpu(work: str, bound: float) -> Goal:
    return Goal(work, "cpu_gb", f"`{work}`: CPU time a GB, as a multiple of `{STREAMS}`", bound, False, peer=STREAMS)


def at_most(work: str, number: str, title: str, bound: float, unit: str = "") -> Goal:
    return Goal(work, number, f"`{work}`: {title}", bound, False, unit=unit)


def string_bytes(chars: int) -> int:
    """The heap of a Latin-1 String on a JVM of 64 bits with compressed class pointers: 24, and an array of 16 and more."""
    return 24 + (16 + chars + 7) // 8 * 8


def line_memory(size: int) -> Goal:
    # A hundredth for the buffers of the streams, and for what else the JVM does meanwhile.
    return at_most(f"lines{size}", "allocated", f"allocated bytes a line, of which its String {string_bytes(size - 1)}",
                   1.01 * string_bytes(size - 1))


GOALS = [
    *(speed(f"lines{size}", "tokio", 1.15) for size in (20, 100, 1000)),
    speed("lines20", STREAMS, 1.5),
    speed("lines100", STREAMS, 2),
    speed("lines1000", STREAMS, 3),
    speed("lines100", "go", 1.15),
    speed("lines1000", "go", 1.15),
    speed("lines1000", "jdk-bare", 0.8),
    *(time_of(work, "tokio", 1.3, number="p50") for work in ("roundtrip", "roundtrip1")),
    *(time_of(work, "tokio", 0.95, LOOP, "p50") for work in ("roundtrip", "roundtrip1")),
    *(time_of(work, "c", 1.15, LOOP, "p50") for work in ("roundtrip", "roundtrip1")),
    *(time_of(work, peer, bound) for work in ("pipes1000", "pipes9000")
      for peer, bound in (("go", 1.5), ("jdk-virtual", 1), ("uvloop", 1))),
    at_most("pipes1000", "calls_no_futex", "system calls a message, its write counted, besides `futex`", 3),
    at_most("lines1000", "switches_gb", "context switches a GB", 15_000),
    speed("throughput", "c", 0.85),
    speed("throughput4k", "c", 0.85),
    *(goal for work in ("tofile", "fromfile") for goal in (speed(work, STREAMS, 1.2), cpu(work, 0.5))),
    at_most("idle", "heap", "heap an open pipe", 1024, " bytes"),
    at_most("idle", "serving", "threads that serve pipes", 1),
    *(line_memory(size) for size in (20, 100, 1000)),
    *(cpu(f"lines{size}", 0.7) for size in (20, 100, 1000)),
    time_of("starts", STREAMS, 1.05),
    Goal("firstline", "time", f"`firstline`: time, more than that of `{STREAMS}` (`System.in`)", 60, False,
         peer=STREAMS, difference=True, unit=" ms"),
]


def numbers_of(result: dict, work: str, contestant: str, number: str) -> Optional[tuple]:
    """The median, and the single rounds as far as they are kept."""
    for found in result["works"]:
        for row in found["rows"]:
            if found["name"] == work and row["contestant"] == contestant:
                metric = row["metrics"].get(number)
                if metric:
                    return metric["median"], metric.get("values", [])  # older results keep medians alone
                if number in row["counts"]:
                    return row["counts"][number], []
    return None


def reached_by(goal: Goal, result: dict) -> Optional[tuple]:
    mine = numbers_of(result, goal.work, goal.mine, goal.number)
    if mine is None or goal.peer is None:
        return mine
    peer = numbers_of(result, goal.work, goal.peer, goal.number)
    if peer is None:
        return None

    def compare(one: float, other: float) -> float:
        return one - other if goal.difference else one / other

    # The same round of both; of no use if one of them has failed in a round.
    rounds = zip(mine[1], peer[1]) if len(mine[1]) == len(peer[1]) else ()
    return compare(mine[0], peer[0]), [compare(one, other) for one, other in rounds]


def verdict(goal: Goal, reached: float) -> str:
    return "met" if (reached >= goal.bound if goal.at_least else reached <= goal.bound) else "missed"


def reach(result: dict) -> list:
    """What a run has reached of each goal."""
    table = []
    for goal in GOALS:
        found = reached_by(goal, result)
        rounds = found[1] if found else []
        table.append({
            "title": goal.title, "work": goal.work, "bound": goal.bound, "unit": goal.unit, "at_least": goal.at_least,
            "reached": found[0] if found else None,
            "lowest": min(rounds) if len(rounds) > 1 else None,
            "highest": max(rounds) if len(rounds) > 1 else None,
            "verdict": verdict(goal, found[0]) if found else "not measured",
        })
    return table
