package dev.aiopipe.examples

import dev.aiopipe.PipeReader
import dev.aiopipe.withPiped
import java.security.MessageDigest
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/**
 * Checks objects of the git repository in the current directory: that the name of each is the hash of its content.
 *
 * `git cat-file --batch` answers each name with a line, the size in it, and exactly so many bytes. Arguments: names of
 * objects, such as `HEAD` or `HEAD:README.md`.
 */
fun main(args: Array<String>) = runBlocking {
    ProcessBuilder("git", "cat-file", "--batch").withPiped { git ->
        launch { git.stdin.use { it.writeLines(args.asList()) } } // side by side: git answers while it reads
        for (name in args) println("$name: ${git.stdout.readObject()?.describe() ?: "missing"}")
    }
}

private class GitObject(val hash: String, val type: String, val content: ByteArray) {
    fun describe(): String {
        val digest = MessageDigest.getInstance("SHA-1")
        digest.update("$type ${content.size}\u0000".toByteArray())
        val isIntact = digest.digest(content).joinToString("") { "%02x".format(it) } == hash
        return "$type of ${content.size} bytes, ${if (isIntact) "intact" else "DAMAGED"}"
    }
}

/** One answer, header and content; of one that is cancelled in between, both are still to be read. */
private suspend fun PipeReader.readObject(): GitObject? = atomically {
    val header = checkNotNull(readLine()) { "git has ended" }.split(' ')
    if (header.size < 3) return@atomically null
    GitObject(header[0], header[1], readExactly(header[2].toInt())).also { readLine() }
}
