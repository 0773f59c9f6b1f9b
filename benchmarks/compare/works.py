"""The works: what each measures, and how large it is."""

from dataclasses import dataclass
from typing import Callable, Optional

BLOCK = 64 * 1024
MB = 1_000_000

# Contestants with a JIT repeat the warm-up so long. After it, the JVM compiles for 5 to 30 ms of a measurement.
WARM_SECONDS = 2.0


@dataclass(frozen=True)
class Metric:
    """One number of a run: key in the result, title, unit, and whether more is better."""

    key: str
    title: str
    unit: str
    more_is_better: bool
    of: Callable[[dict], Optional[float]]  # from the numbers of a run; None: it has no such number


@dataclass(frozen=True)
class Work:
    name: str
    title: str
    work: str  # the contestant's name of it
    argument: str
    count: int  # of the default run
    quick: int
    metrics: tuple
    slow: int = 1  # interpreted contestants do so much less
    message_bytes: int = 0  # payload of one count
    messages: int = 1  # messages of one count
    unit: str = "message"  # what a count is
    traced: int = 0  # the count under strace; 0: not traced
    warm_seconds: float = WARM_SECONDS
    one_core: bool = False
    descriptors: int = 256

    def counts(self, quick: bool, slow: bool) -> tuple:
        """How much is done to warm up, and how much is measured."""
        count = self.quick if quick else self.count
        count = max(1, count // (self.slow if slow else 1))
        return count, count


def rate(title: str, unit: str, scale: float, messages: int = 1) -> Metric:
    return Metric("rate", title, unit, True, lambda run: run["count"] * messages * scale / run["ns"])


def time_of(title: str, unit: str, scale: float, messages: int = 1) -> Metric:
    return Metric("time", title, unit, False, lambda run: run["ns"] * scale / (run["count"] * messages))


def lines(size: int, count: int, quick: int, traced: int) -> Work:
    return Work(
        f"lines{size}", f"lines of {size} bytes from a child", "lines", str(size), count, quick,
        (rate("lines", "M/s", 1e3),), slow=5, message_bytes=size, unit="line", traced=traced)


PERCENTILES = tuple(
    Metric(f"p{percent}", f"p{percent}", "µs", False, lambda run, key=f"p{percent}": run[key] / 1e3)
    for percent in (50, 99))


def round_trip(name: str, title: str, one_core: bool) -> Work:
    return Work(name, title, "roundtrip", "100", 20_000, 10_000, PERCENTILES, message_bytes=200,
                unit="round trip", traced=0 if one_core else 2_000, one_core=one_core)


def messages(pipes: int, count: int, quick: int, traced: int) -> Work:
    return Work(
        f"pipes{pipes}", f"a message over each of {pipes:,} pipes", "messages", str(pipes), count, quick,
        (time_of("time a message", "ns", 1, pipes),), slow=5, message_bytes=20 * pipes, messages=pipes,
        traced=traced, descriptors=2 * pipes + 256)


def blocks(name: str, size: int, count: int, quick: int, traced: int) -> Work:
    return Work(name, f"own writer to own reader, blocks of {size // 1024} KiB", "throughput", str(size), count, quick,
                (rate("bytes", "GB/s", size),), slow=4, message_bytes=size, unit="block", traced=traced)


def runs(at_once: int, count: int, quick: int) -> Work:
    title = "one after the other" if at_once == 1 else f"{at_once} at once"
    return Work(f"run{at_once}", f"/bin/true run to its end, {title}", "runs", str(at_once), count, quick,
                (time_of("time a run", "ms", 1e-6, at_once),), messages=at_once, unit="run",
                traced=64 if at_once == 1 else 0, descriptors=8 * at_once + 256)


FIRST_LINE = "firstline"
FILE = "{file}:{bytes}"  # filled in by the driver

WORKS = [
    lines(20, 12_000_000, 5_000_000, 0),
    lines(100, 5_000_000, 2_000_000, 100_000),
    lines(1000, 700_000, 300_000, 0),
    round_trip("roundtrip", "round trip of 100 bytes, all cores", False),
    round_trip("roundtrip1", "round trip of 100 bytes, one core", True),
    messages(1, 50_000, 20_000, 0),
    messages(10, 8_000, 3_000, 0),
    messages(100, 1_500, 500, 0),
    messages(1000, 300, 100, 10),
    messages(9000, 30, 10, 0),
    blocks("throughput", BLOCK, 40_000, 15_000, 2_000),
    blocks("throughput4k", 4 * 1024, 300_000, 100_000, 20_000),
    Work("tofile", "a child's output to a file", "tofile", FILE, 1, 1,
         (Metric("rate", "bytes", "MB/s", True, lambda run: run["bytes"] * 1e3 / run["ns"]),),
         unit="copy", traced=1),
    Work("fromfile", "a file to a child's stdin", "fromfile", FILE, 1, 1,
         (Metric("rate", "bytes", "MB/s", True, lambda run: run["bytes"] * 1e3 / run["ns"]),),
         unit="copy", traced=1),
    Work("starts", "200 children at once: start, a line there and back, end", "starts", "200", 1, 1,
         (time_of("time", "s", 1e-9),), messages=200, unit="child", traced=1, descriptors=200 * 8 + 256),
    runs(1, 150, 60),
    runs(32, 8, 3),
    Work(FIRST_LINE, "from the start of a program to the first line of its stdin", FIRST_LINE, "", 15, 7,
         (Metric("time", "time", "ms", False, lambda run: run["ns"] / 1e6),), unit="start"),
    Work("idle", "1,000 more idle pipes, each with a reader that waits", "idle", "1000", 1, 1,
         (Metric("heap", "heap a pipe", "bytes", False, lambda run: run["heap"] / 1000 if "heap" in run else None),
          Metric("rss", "resident memory a pipe", "KiB", False, lambda run: run["rss"] / 1000),
          Metric("threads", "threads of the process", "", False, lambda run: run["threads"]),
          Metric("serving", "threads that serve pipes", "", False, lambda run: run["serving"] or None)),
         unit="pipe", messages=1000, descriptors=4_256, warm_seconds=0),
]

FILE_BYTES = {False: 500 * MB, True: 200 * MB}
TRACED_FILE_BYTES = 20 * MB
