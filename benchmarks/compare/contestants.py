"""The contestants: how each is built and started, and why one is left out."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "contestants"
ROOT = HERE.parent.parent
BUILD = HERE.parent / "target" / "compare"
JAR = HERE.parent / "target" / "benchmarks.jar"
DEBIAN_CRATES = Path("/usr/share/cargo/registry")

JVM = {
    "aiopipe": "this library, suspend functions on Dispatchers.Default",
    "aiopipe-loop": "this library, suspend functions on PipeLoop.dispatcher",
    "aiopipe-futures": "this library, futures (the facade)",
    "jdk-thread": "the JDK's streams on platform threads",
    "jdk-virtual": "the JDK's streams on virtual threads",
    "jdk-bare": "a bare Java loop: blocking descriptor; Selector for many pipes",
    "okio": "Okio over the JDK's streams",
    "ktor": "Ktor's ByteReadChannel over the JDK's streams",
    "nuprocess": "NuProcess, lines cut by its handler",
}

# What has a way of its own to stdin.
FIRST_LINE = ("aiopipe", "aiopipe-loop", "aiopipe-futures", "jdk-thread")
PACKAGE = "dev.aiopipe.benchmarks.compare"


@dataclass
class Contestant:
    name: str
    title: str
    command: list
    version: str
    slow: bool = False  # an interpreter: smaller counts
    first_line: Optional[list] = None  # the command of a program that reads one line


class LeftOut(Exception):
    """Says why a contestant does not take part."""


def output(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise LeftOut(f"{command[0]} failed: {(done.stdout.strip().splitlines() or ['no output'])[-1]}")
    return done.stdout.strip()


def find(program: str, package: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise LeftOut(f"no {program} on this machine (Debian: {package})")
    return path


def first_line(*command: str) -> str:
    return output(*command).splitlines()[0]


def python_with(module: str, package: str) -> str:
    """A Python that has a module: the driver's own, or the system's."""
    for python in (sys.executable, "/usr/bin/python3"):
        probe = subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False)
        if probe.returncode == 0:
            return python
    raise LeftOut(f"no Python here has {module} (Debian: {package})")


def compile_c(name: str, *flags: str) -> str:
    target = str(BUILD / name)
    output(find("gcc", "gcc"), "-O2", *flags, "-o", target, str(SOURCES / f"{name}.c"))
    return target


def build_c() -> Contestant:
    version = first_line("gcc", "--version")
    return Contestant("c", "C: the system calls alone (the limit)", [compile_c("limit", "-pthread")], version)


def build_tokio() -> Contestant:
    cargo = find("cargo", "cargo")
    if not list(DEBIAN_CRATES.glob("tokio-[0-9]*")):
        raise LeftOut(f"no tokio in {DEBIAN_CRATES} (Debian: librust-tokio-dev)")
    source = BUILD / "tokio-source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(SOURCES / "tokio", source)  # cargo writes its lock beside the manifest
    output(
        cargo, "build", "--release", "--offline", "--manifest-path", str(source / "Cargo.toml"),
        "--target-dir", str(BUILD / "tokio"),
        "--config", 'source.crates-io.replace-with="debian"',
        "--config", f'source.debian.directory="{DEBIAN_CRATES}"')
    crate = sorted(path.name for path in DEBIAN_CRATES.glob("tokio-[0-9]*"))[-1]
    return Contestant("tokio", "Rust, tokio", [str(BUILD / "tokio" / "release" / "contestant")],
                      f"{crate}, {first_line('rustc', '--version')}")


def build_go() -> Contestant:
    go = find("go", "golang-go")
    target = str(BUILD / "contestant-go")
    os.environ.setdefault("GOCACHE", str(BUILD / "go-cache"))
    os.environ["GO111MODULE"] = "off"
    output(go, "build", "-o", target, str(SOURCES / "contestant.go"))
    return Contestant("go", "Go", [target], first_line(go, "version"))


def build_asyncio() -> Contestant:
    try:
        python = python_with("uvloop", "python3-uvloop")  # the same Python for both
    except LeftOut:
        python = sys.executable
    return Contestant("asyncio", "Python, asyncio", [python, str(SOURCES / "contestant_asyncio.py")],
                      first_line(python, "--version"), slow=True)


def build_uvloop() -> Contestant:
    python = python_with("uvloop", "python3-uvloop")
    version = first_line(python, "-c", "import sys, uvloop; print('uvloop', uvloop.__version__, 'Python', sys.version)")
    return Contestant("uvloop", "Python, uvloop", [python, str(SOURCES / "contestant_asyncio.py"), "--uvloop"],
                      version, slow=True)


def build_node() -> Contestant:
    node = find("node", "nodejs")
    return Contestant("node", "Node", [node, str(SOURCES / "contestant.js")], "Node " + first_line(node, "--version"),
                      slow=True)


def build_kmp_process() -> Contestant:
    raise LeftOut("no contestant is written: io.matthewnelson.kmp-process:process was not in the Maven repository that "
                  "the authors reach, so none could be compiled")


OTHERS = {"kmp-process": build_kmp_process, "c": build_c, "tokio": build_tokio, "go": build_go, "asyncio": build_asyncio, "uvloop": build_uvloop,
          "node": build_node}
NAMES = [*JVM, *OTHERS]


def java(home: Optional[str]) -> str:
    """The JDK that is asked for, or the newest here."""
    if home is not None:
        return str(Path(home) / "bin" / "java")
    found = {}
    for path in [*Path("/usr/lib/jvm").glob("*/bin/java"), Path(shutil.which("java") or "/nowhere")]:
        if path.exists():
            done = subprocess.run([path, "-XshowSettings:properties", "-version"], stderr=subprocess.PIPE, text=True,
                                  check=False)
            for line in done.stderr.splitlines():
                if "java.specification.version =" in line:
                    found[int(line.split("=")[1].strip().split(".")[-1])] = str(path)
    if not found:
        raise LeftOut("no JDK on this machine")
    return found[max(found)]


def build_jar() -> None:
    """Builds the benchmarks unless they are newer than every source."""
    sources = [path for module in ("core", "jvm-api", "benchmarks") for path in (ROOT / module / "src").rglob("*.*")]
    newest = max(path.stat().st_mtime for path in [*sources, ROOT / "pom.xml", HERE.parent / "pom.xml"])
    if JAR.exists() and JAR.stat().st_mtime > newest:
        return
    mvn = find("mvn", "maven")
    print("building benchmarks.jar", file=sys.stderr)
    os.environ.setdefault("MAVEN_OPTS", "-Dkotlin.compiler.daemon=false")
    command = [mvn, "-q", "-B", "-f", str(ROOT / "pom.xml"), "-DskipTests", "-Pbenchmarks", "-pl", "benchmarks", "-am",
               "package"]
    if subprocess.run([*command, "-o"], capture_output=True, check=False).returncode != 0:
        output(*command)


def build_all(wanted: list, java_home: Optional[str]) -> tuple:
    """Returns the contestants that can take part, and why the others can not, by name."""
    BUILD.mkdir(parents=True, exist_ok=True)
    there, left_out = [], {}
    jvm = [name for name in wanted if name in JVM]
    try:
        if jvm:
            build_jar()
            program = java(java_home)
            version = output(program, "-version").splitlines()
            flags = ["--enable-native-access=ALL-UNNAMED"] if "25" in version[0] or "24" in version[0] else []
            command = [program, *flags, "-cp", str(JAR)]
            for name in jvm:
                there.append(Contestant(
                    name, JVM[name],
                    [*command, f"{PACKAGE}.Main", name], version[0],
                    first_line=[*command, f"{PACKAGE}.FirstLine", name] if name in FIRST_LINE else None))
    except LeftOut as e:
        left_out.update(dict.fromkeys(jvm, str(e)))
    for name in wanted:
        if name in OTHERS:
            try:
                there.append(OTHERS[name]())
            except LeftOut as e:
                left_out[name] = str(e)
    return there, left_out
