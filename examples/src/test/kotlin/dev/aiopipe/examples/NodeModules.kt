package dev.aiopipe.examples

import java.nio.file.Path
import kotlin.io.path.exists
import org.junit.jupiter.api.Assumptions.assumeTrue

/**
 * The folder `node_modules` of the directory that `AIOPIPE_NPM` names. Skips the test if no directory is named or the
 * package is not there: no test installs packages of npm by itself.
 */
fun requireNodeModule(name: String): Path {
    val directory = System.getenv("AIOPIPE_NPM")
    assumeTrue(directory != null, "not given: AIOPIPE_NPM, a directory in which \"npm install $name\" was run")
    val modules = Path.of(directory, "node_modules")
    assumeTrue(modules.resolve(name).exists(), "not given: $name in $modules")
    return modules.toAbsolutePath()
}
