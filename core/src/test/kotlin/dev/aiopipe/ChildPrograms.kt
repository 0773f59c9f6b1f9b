package dev.aiopipe

import java.nio.file.Path

fun sh(script: String, vararg args: String) = ProcessBuilder("sh", "-c", script, "sh", *args)

/** A JVM that runs [main] with the classes of these tests. */
fun jvm(main: Class<*>, vararg args: String): ProcessBuilder =
    ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        main.name,
        *args,
    )
