package dev.aiopipe

import dev.aiopipe.testkit.Programs.sh
import kotlin.time.Duration.Companion.hours
import org.junit.jupiter.api.Assertions.assertEquals

/** A child whose exit code says what ended it: 7 for the end of its stdin, 8 for SIGTERM. */
val polite: ProcessBuilder = sh("trap 'exit 8' TERM; echo ready; cat >/dev/null; exit 7")

/** A child that heeds neither the end of its stdin nor SIGTERM. */
val deaf: ProcessBuilder = sh("trap '' TERM; echo ready; exec sleep 1000")

/** A grace that no test waits for. */
val never = 1.hours

suspend fun PipedProcess.becomesReady() = apply { assertEquals("ready", stdout.readLine()) }
