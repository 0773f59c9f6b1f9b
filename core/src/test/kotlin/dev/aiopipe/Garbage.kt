package dev.aiopipe

/** Returns when all that was garbage before has been collected, and what was to be closed with it is closed. */
fun collectGarbage() {
    repeat(2) { // who is told first is not said: the second one comes behind all that the first collection has found
        val lost = loseAPipe()
        awaitState("the lost pipe is closed", { System.gc() }) { lost.none { it in openDescriptors() } }
    }
}

private fun loseAPipe(): List<String> {
    val before = openDescriptors().toSet()
    aioPipe()
    return openDescriptors().filter { it.startsWith("pipe:") && it !in before }
}
