package dev.aiopipe.examples

import dev.aiopipe.testkit.Programs.jvm

/** An example as a program of its own. */
fun example(main: String, vararg arguments: String): ProcessBuilder = jvm("dev.aiopipe.examples.$main", *arguments)
