"""Python's asyncio, or uvloop with --uvloop first. Arguments, output and works: see ../../README.md."""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE

BLOCK = 64 * 1024
LIMIT = 2 * BLOCK


class Contestant:
    def __init__(self, argument: str, program: str) -> None:
        self.argument = argument
        self.program = program
        self.child = None
        self.writers = []
        self.tasks = []
        self.latencies = []
        self.chars = 0
        self.missing = 0
        self.arrived = asyncio.Event()

    async def start(self, *arguments: str, stdin=None, stdout=None):
        return await asyncio.create_subprocess_exec(
            self.program, *arguments, stdin=stdin, stdout=stdout, limit=LIMIT)

    async def lines(self, count: int) -> None:
        if self.child is None:
            self.child = await self.start("lines", self.argument, stdout=PIPE)
        read = self.child.stdout.readline
        for _ in range(count):
            self.chars += len((await read()).decode())

    async def roundtrip(self, count: int) -> None:
        if self.child is None:
            self.child = await self.start("echo", stdin=PIPE, stdout=PIPE)
        message = b"x" * (int(self.argument) - 1) + b"\n"
        self.latencies = []
        for _ in range(count):
            begin = time.perf_counter_ns()
            self.child.stdin.write(message)
            await self.child.stdin.drain()
            self.chars += len((await self.child.stdout.readline()).decode())
            self.latencies.append(time.perf_counter_ns() - begin)

    async def pipe(self):
        loop = asyncio.get_running_loop()
        rx, tx = os.pipe()
        reader = asyncio.StreamReader(limit=LIMIT)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(rx, "rb", 0))
        transport, protocol = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(), os.fdopen(tx, "wb", 0))
        return reader, asyncio.StreamWriter(transport, protocol, None, loop)

    async def receive(self, reader) -> None:
        while await reader.readline():
            self.missing -= 1
            if self.missing == 0:
                self.arrived.set()

    async def open_pipes(self) -> None:
        for _ in range(int(self.argument)):
            reader, writer = await self.pipe()
            self.writers.append(writer)
            self.tasks.append(asyncio.create_task(self.receive(reader)))
        await asyncio.sleep(0)

    async def messages(self, count: int) -> None:
        if not self.writers:
            await self.open_pipes()
        for _ in range(count):
            self.arrived.clear()
            self.missing += len(self.writers)
            for writer in self.writers:
                writer.write(b"nineteen characters\n")
            await self.arrived.wait()

    async def throughput(self, count: int) -> None:
        size = int(self.argument)
        reader, writer = await self.pipe()

        async def write() -> None:
            block = bytes(size)
            for _ in range(count):
                writer.write(block)
                await writer.drain()
            writer.close()

        task = asyncio.create_task(write())
        while await reader.read(size):
            pass
        await task

    async def tofile(self, count: int) -> None:
        path, size = self.argument.split(":")
        for _ in range(count):
            child = await self.start("source", size, stdout=PIPE)
            with open(path, "wb", 0) as file:
                while block := await child.stdout.read(BLOCK):
                    file.write(block)
            await child.wait()

    async def fromfile(self, count: int) -> None:
        path = self.argument.split(":")[0]
        for _ in range(count):
            child = await self.start("sink", stdin=PIPE)
            with open(path, "rb", 0) as file:
                while block := file.read(BLOCK):
                    child.stdin.write(block)
                    await child.stdin.drain()
            child.stdin.close()
            await child.wait()

    async def starts(self, count: int) -> None:
        async def one() -> None:
            child = await self.start("echo", stdin=PIPE, stdout=PIPE)
            child.stdin.write(b"hello\n")
            await child.stdin.drain()
            await child.stdout.readline()
            child.stdin.close()
            await child.wait()

        for _ in range(count):
            await asyncio.gather(*(one() for _ in range(int(self.argument))))

    async def runs(self, count: int) -> None:
        async def one() -> None:
            child = await asyncio.create_subprocess_exec("/bin/true", stdout=PIPE, stderr=PIPE)
            await child.communicate()

        for _ in range(count):
            await asyncio.gather(*(one() for _ in range(int(self.argument))))

    async def idle(self, count: int) -> None:
        if count > 0:
            await self.open_pipes()


async def main(work: str, argument: str, warm: int, count: int, program: str) -> None:
    contestant = Contestant(argument, program)
    run = getattr(contestant, work)
    await run(warm)
    print("ready", flush=True)
    os.read(0, 1)
    begin = time.perf_counter_ns()
    await run(count)
    elapsed = time.perf_counter_ns() - begin
    latencies = sorted(contestant.latencies) or [0]
    at = {f"p{percent}": latencies[len(latencies) * percent // 100] for percent in (50, 99)}
    print("done", json.dumps({"ns": elapsed, **at}), flush=True)
    os.read(0, 1)
    os._exit(0)  # children that still write end by their broken pipe


arguments = sys.argv[1:]
if arguments[0] == "--uvloop":
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    arguments.pop(0)
asyncio.run(main(arguments[0], arguments[1], int(arguments[2]), int(arguments[3]), arguments[4]))
