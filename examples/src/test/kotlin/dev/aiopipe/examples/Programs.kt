package dev.aiopipe.examples

import java.nio.file.Path

/** An example as a program of its own. */
fun example(main: String, vararg arguments: String) =
    ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-cp",
        System.getProperty("java.class.path"),
        "dev.aiopipe.examples.$main",
        *arguments,
    )
