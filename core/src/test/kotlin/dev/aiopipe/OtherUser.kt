package dev.aiopipe

import dev.aiopipe.testkit.Programs.requireProgram
import dev.aiopipe.testkit.Programs.requireThat
import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import kotlin.io.path.createDirectory

/**
 * Runs [AdoptingProgram] as somebody who owns nothing, `nobody`, while its descriptors are those of root: opening a
 * pipe of root's anew is not allowed there. The classes are copied to [directory], as that user may not be able to read
 * them where they are.
 */
class OtherUser(private val directory: Path) {
    private val home = directory.resolve("home").createDirectory()
    private val classPath: String

    init {
        requireThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "root, who may become another user")
        requireProgram("setpriv")
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"))
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxrwxrwx"))
        val command = adopting().command()
        val readable = ProcessBuilder(BECOME + listOf("test", "-x", command.first())).start().waitFor() == 0
        requireThat(readable, "a JDK that another user may run: ${command.first()}")
        classPath = copied(command[command.indexOf("-cp") + 1])
    }

    /** As [adopting], by the other user. */
    fun running(vararg arguments: String): ProcessBuilder {
        val builder = adopting(*arguments, classPath = classPath)
        // JNA unpacks its library, and a JVM leaves its statistics in a directory of its user's
        builder.command().addAll(1, listOf("-Djava.io.tmpdir=$home", "-Djna.tmpdir=$home", "-XX:-UsePerfData"))
        builder.environment()["HOME"] = "$home"
        return builder.command(BECOME + builder.command())
    }

    private fun copied(classPath: String): String =
        classPath
            .split(File.pathSeparator)
            .map(::File)
            .filter { it.exists() }
            .mapIndexed { i, entry ->
                directory.resolve("$i-${entry.name}").also { entry.copyRecursively(it.toFile()) }
            }
            .joinToString(File.pathSeparator)

    private companion object {
        val BECOME = listOf("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    }
}
