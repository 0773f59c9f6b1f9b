package dev.aiopipe.examples

import dev.aiopipe.ChildOptions
import dev.aiopipe.PipeReader
import dev.aiopipe.PipeWriter
import dev.aiopipe.aioDuplex
import dev.aiopipe.open
import dev.aiopipe.rx
import dev.aiopipe.tx
import dev.aiopipe.withPiped
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import java.nio.file.Path
import java.util.Base64
import kotlin.io.path.createTempDirectory
import kotlin.io.path.writeBytes
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put

// Prints the title of a page and writes a screenshot of it. Chromium reads commands from its descriptor 3 and writes
// messages to its descriptor 4. So there is no port that others could connect to, and stdout is not needed.
//
//     java -cp … dev.aiopipe.examples.ScreenshotKt file:///tmp/page.html page.png

/** The URL of the page, and the file for the screenshot. */
fun main(arguments: Array<String>) = runBlocking {
    val (url, file) = arguments
    withTimeout(1.minutes) {
        withBrowser { browser ->
            val target = browser.call("Target.createTarget", null, "url" to "about:blank").string("targetId")
            val attached = browser.call("Target.attachToTarget", null, "targetId" to target, "flatten" to true)
            val page = attached.string("sessionId")
            browser.load(page, url)
            val title = browser.call("Runtime.evaluate", page, "expression" to "document.title")
            println(title.getValue("result").jsonObject.string("value"))
            val screenshot = browser.call("Page.captureScreenshot", page).string("data")
            Path.of(file).writeBytes(Base64.getDecoder().decode(screenshot))
        }
    }
}

/** Starts a browser and closes it after the block. If the block fails, signals end the browser. */
private suspend fun withBrowser(block: suspend (Browser) -> Unit) {
    val profile = createTempDirectory("screenshot")
    val disabled = listOf("gpu", "quic", "background-networking", "component-update", "sync").map { "--disable-$it" }
    val options = listOf("--headless", "--no-sandbox", "--no-first-run", "--log-level=3", "--user-data-dir=$profile")
    val program = ProcessBuilder(listOf("chromium", "--remote-debugging-pipe") + options + disabled)
    program.redirectOutput(Redirect.DISCARD).redirectError(Redirect.INHERIT)
    program.environment()["XDG_CONFIG_HOME"] = "$profile" // or it writes into the home directory, too
    val group = ChildOptions.defaults().withOwnGroup(true) // what Chromium starts ends with it
    try {
        aioDuplex().use { (mine, theirs) ->
            program.withPiped(passing = mapOf(3 to theirs.rx, 4 to theirs.tx), child = group) { chromium ->
                mine.tx.open().use { commands ->
                    mine.rx.open().use { messages ->
                        val browser = Browser(commands, messages)
                        block(browser)
                        browser.call("Browser.close")
                        chromium.awaitExit()
                    }
                }
            }
        }
    } finally {
        profile.toFile().deleteRecursively()
    }
}

/** Talks to a browser: JSON in both directions, and a NUL after each message. */
private class Browser(private val commands: PipeWriter, private val messages: PipeReader) {
    private var calls = 0
    private val unread = mutableListOf<JsonObject>()

    /** The result of a method. */
    suspend fun call(method: String, session: String? = null, vararg parameters: Pair<String, Any>): JsonObject {
        val id = ++calls
        val command = buildJsonObject {
            put("id", id)
            put("method", method)
            if (session != null) put("sessionId", session)
            put("params", JsonObject(parameters.associate { (name, value) -> name to json(value) }))
        }
        commands.write("$command\u0000")
        val answer = await { it["id"] == JsonPrimitive(id) }
        return answer["result"]?.jsonObject ?: throw IOException("$method: ${answer["error"]}")
    }

    /** Has a page load what is at the URL, and waits until it is there. */
    suspend fun load(page: String, url: String) {
        call("Page.enable", page)
        call("Page.setLifecycleEventsEnabled", page, "enabled" to true)
        val loading = call("Page.navigate", page, "url" to url)
        loading["errorText"]?.let { throw IOException("$url: ${it.jsonPrimitive.content}") }
        await { message ->
            val event = message["params"]?.jsonObject
            message["method"] == JsonPrimitive("Page.lifecycleEvent") &&
                event?.get("name") == JsonPrimitive("load") &&
                event["loaderId"] == loading["loaderId"]
        }
    }

    /** The first message that is wanted. The others are kept: an event can come before the answer to its command. */
    private suspend fun await(isWanted: (JsonObject) -> Boolean): JsonObject {
        unread.firstOrNull(isWanted)?.let {
            unread.remove(it)
            return it
        }
        while (true) {
            val message = messages.readUntil(0, MAX_MESSAGE_BYTES).decodeToString().removeSuffix("\u0000")
            val json = Json.parseToJsonElement(message).jsonObject
            if (isWanted(json)) return json
            unread += json
        }
    }

    private fun json(value: Any) = if (value is Boolean) JsonPrimitive(value) else JsonPrimitive(value.toString())

    private companion object {
        const val MAX_MESSAGE_BYTES = 64 shl 20 // a screenshot is one message
    }
}

private fun JsonObject.string(name: String): String = getValue(name).jsonPrimitive.content
