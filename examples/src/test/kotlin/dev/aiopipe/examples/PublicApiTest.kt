package dev.aiopipe.examples

import java.nio.file.Path
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.readText
import kotlin.io.path.writeText
import org.jetbrains.kotlin.abi.tools.AbiFilters
import org.jetbrains.kotlin.abi.tools.AbiTools
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test

/** Compares the public API of each module with its file `api.txt`. With `-Dapi.write` the file is written instead. */
class PublicApiTest {
    @Test
    @DisplayName("core: the public API is that of the file, and shows nothing of the engine")
    fun core() {
        val api = publicApi("core", "dev/aiopipe")
        assertTrue("class dev/aiopipe/PipeReader" in api && "dev/aiopipe/engine" !in api, api)
    }

    @Test
    @DisplayName("jvm-api: the public API is that of the file, and shows nothing of the engine or of Kotlin")
    fun facade() {
        val api = publicApi("jvm-api", "dev/aiopipe/jvm")
        assertTrue("class dev/aiopipe/jvm/AsyncPipes" in api && "dev/aiopipe/engine" !in api && "kotlin" !in api, api)
    }

    private fun publicApi(module: String, exportedPackage: String): String {
        val classes = Path.of("..", module, "target/classes", exportedPackage).listDirectoryEntries("*.class")
        val api = buildString {
            AbiTools.getInstance().printJvmDump(this, classes.map { it.toFile() }, AbiFilters.EMPTY)
        }
        val file = Path.of("..", module, "api.txt")
        if (System.getProperty("api.write") != null) file.writeText(api)
        assertEquals(file.readText(), api, "if this change is meant: -Dapi.write")
        return api
    }
}
