"""Runs one contestant once, as a process of its own, and counts what it uses."""

import json
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import threading
import time
from pathlib import Path

LOOP_THREAD = "aiopipe-loop"
UNSUPPORTED = 3
TIMEOUT = 120


class Unsupported(Exception):
    """The contestant has no such work; says why."""


class Failed(Exception):
    """The contestant failed; says how."""


def cpu_ns(pid: int) -> int:
    """The CPU time of all threads of a process, ended ones included (clock_getcpuclockid(3))."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def snapshot(pid: int) -> dict:
    """CPU ns, context switches of the threads that live, memory and threads of one process."""
    root = Path("/proc") / str(pid)
    fields = (root / "stat").read_text().rpartition(")")[2].split()
    values = {"cpu": cpu_ns(pid), "voluntary": 0, "involuntary": 0, "rss": 0, "threads": int(fields[17]),
              "serving": 0}
    for task in (root / "task").iterdir():
        try:
            status = (task / "status").read_text()
        except OSError:  # the thread has ended
            continue
        values["serving"] += status.startswith(f"Name:\t{LOOP_THREAD}")
        for key, line in (("voluntary", "voluntary_ctxt_switches"), ("involuntary", "nonvoluntary_ctxt_switches")):
            values[key] += int(re.search(rf"^{line}:\s*(\d+)", status, re.M).group(1))
    resident = re.search(r"^VmRSS:\s*(\d+)", (root / "status").read_text(), re.M)
    values["rss"] = int(resident.group(1)) if resident else 0
    return values


class Run:
    """A contestant's process. It says ready when it is warm and done when it is, and waits for a newline after each."""

    def __init__(self, contestant, work, argument: str, counts: tuple, child: str) -> None:
        self.count = counts[1]
        command = [*contestant.command, work.work, argument, str(counts[0]), str(counts[1]), child]
        if work.one_core:
            command = ["taskset", "-c", "0", *command]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True, env={**os.environ, "WARM_SECONDS": str(work.warm_seconds)})
        self.deadline = signal.signal(signal.SIGALRM, self.give_up)
        signal.alarm(TIMEOUT)

    def give_up(self, *_) -> None:
        self.kill()

    def kill(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def expect(self, word: str) -> str:
        for line in self.process.stdout:
            if line.startswith(word):
                return line[len(word):]
        self.process.wait()
        error = self.process.stderr.read().strip()
        if self.process.returncode == UNSUPPORTED:
            raise Unsupported(error.rpartition("unsupported: ")[2])
        last = error.splitlines()[-1] if error else "no message"
        if self.process.returncode == -signal.SIGKILL:
            last = f"not done after {TIMEOUT} s"
        first = next((line for line in error.splitlines() if "Exception" in line or "Error" in line), last)
        raise Failed(f"exit {self.process.returncode}: {first}")

    def go_on(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def measure(self) -> dict:
        self.expect("ready")
        before = snapshot(self.process.pid)
        self.go_on()
        numbers = json.loads(self.expect("done"))
        after = snapshot(self.process.pid)
        self.go_on()
        numbers.update({key: after[key] - before[key] for key in ("cpu", "voluntary", "involuntary", "rss")})
        numbers["threads"] = after["threads"]
        numbers["serving"] = after["serving"]
        numbers["count"] = self.count
        return numbers

    def trace(self, log: Path) -> int:
        """Counts the system calls of the contestant's own threads in the measured part."""
        self.expect("ready")
        pid = self.process.pid
        threads = {entry.name for entry in (Path("/proc") / str(pid) / "task").iterdir()}
        with subprocess.Popen(["strace", "-f", "-qq", "-o", str(log), "-p", str(pid)], stderr=subprocess.PIPE) as tracer:
            try:
                until_traced(pid, tracer)
                self.go_on()
                self.expect("done")
            finally:
                tracer.send_signal(signal.SIGINT)
                tracer.wait()
        self.go_on()
        return count_calls(log, threads)

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_) -> None:
        try:
            self.process.stdin.close()
            self.process.wait(timeout=10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            pass
        self.kill()
        self.process.wait()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, self.deadline)
        self.process.stdout.close()
        self.process.stderr.close()


def first_line(command: list, count: int) -> dict:
    """The median time from the start of a program to the line that it has read from stdin, after one start more."""
    times = []
    before = None
    for _ in range(count + 1):
        begin = time.monotonic_ns()
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
            limit = threading.Timer(TIMEOUT, program.kill)
            limit.start()
            program.stdin.write(b"hello\n")
            program.stdin.flush()
            if program.stdout.readline() != b"hello\n":
                raise Failed((program.stderr.read().decode().splitlines() or ["no first line"])[0])
            times.append(time.monotonic_ns() - begin)
            limit.cancel()
        before = before or cpu_of_children()
    cpu = (cpu_of_children() - before) / count
    return {"ns": statistics.median(times[1:]), "cpu": cpu, "count": 1}


def cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e9 * (usage.ru_utime + usage.ru_stime)


def until_traced(pid: int, tracer) -> None:
    """Waits until strace has attached to every thread."""
    for _ in range(200):
        if tracer.poll() is not None:
            raise Failed(f"strace: {tracer.stderr.read().decode().strip()}")
        statuses = []
        for task in (Path("/proc") / str(pid) / "task").iterdir():
            try:
                statuses.append((task / "status").read_text())
            except OSError:
                continue
        if all(f"TracerPid:\t{tracer.pid}" in status for status in statuses):
            return
        time.sleep(0.02)
    raise Failed("strace did not attach")


CALL = re.compile(r"^(\d+)\s+(\w+)\(")
NEW = re.compile(r"^(\d+)\s+(?:<\.\.\. )?(clone3?|v?fork)\b(.*)= (\d+)")


def count_calls(log: Path, threads: set) -> dict:
    """The calls of these threads and of those that they start, but not of their children. By name."""
    calls: dict = {}
    flags: dict = {}
    for line in log.read_text(errors="replace").splitlines():
        match = CALL.match(line)
        if match:
            pid, name = match.groups()
            if name in ("clone", "clone3"):
                flags[pid] = "CLONE_THREAD" in line
            if pid in threads:
                calls[name] = calls.get(name, 0) + 1
        made = NEW.match(line)
        if made and made.group(1) in threads and ("CLONE_THREAD" in line or flags.get(made.group(1), False)):
            threads.add(made.group(4))
    return calls


def missing_tracer() -> str:
    return "" if shutil.which("strace") else "no strace on this machine (Debian: strace)"
