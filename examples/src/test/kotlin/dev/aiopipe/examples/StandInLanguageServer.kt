package dev.aiopipe.examples

import java.io.DataInputStream
import kotlin.system.exitProcess
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.addJsonObject
import kotlinx.serialization.json.buildJsonArray
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonObject

/**
 * A language server, with blocking streams and a framing of its own: its symbols are the names after `function`. It
 * asks its client something before it answers, and writes its messages byte by byte. It does not answer the request
 * `wait`, and ends at the request `die`.
 */
object StandInLanguageServer {
    private val input = DataInputStream(System.`in`.buffered())
    private val documents = HashMap<String, String>()
    private var isShutDown = false

    @JvmStatic
    fun main(arguments: Array<String>) {
        while (true) {
            val message = read()
            val params = message["params"] as? JsonObject ?: JsonObject(emptyMap())
            when (val method = message["method"]?.jsonPrimitive?.content) {
                "initialize" -> {
                    write { put("method", "window/logMessage") }
                    answer(message, ask("workspace/configuration"))
                }
                "textDocument/didOpen" -> {
                    val document = params.getValue("textDocument").jsonObject
                    documents[document.text("uri")] = document.text("text")
                }
                "textDocument/documentSymbol" ->
                    answer(message, symbols(params.getValue("textDocument").jsonObject.text("uri")))
                "shutdown" -> {
                    isShutDown = true
                    answer(message, JsonNull)
                }
                "exit" -> {
                    System.err.println(if (isShutDown) "orderly end" else "exit before shutdown")
                    exitProcess(if (isShutDown) 0 else 1)
                }
                "wait" -> {}
                "die" -> exitProcess(3)
                else -> if ("id" in message) refuse(message, "unknown: $method")
            }
        }
    }

    /** A request to the client, whose refusal is the answer. */
    private fun ask(method: String): JsonElement {
        write {
            put("id", "of the server")
            put("method", method)
        }
        val answer = read()
        check(answer["id"] == JsonPrimitive("of the server"))
        return answer.getValue("error")
    }

    private fun symbols(uri: String) = buildJsonArray {
        documents.getValue(uri).lines().forEachIndexed { i, line ->
            for (found in Regex("function (\\p{L}+)").findAll(line)) {
                addJsonObject {
                    put("name", found.groupValues[1])
                    putJsonObject("location") {
                        put("uri", uri)
                        putJsonObject("range") { putJsonObject("start") { put("line", i) } }
                    }
                }
            }
        }
    }

    private fun answer(request: JsonObject, result: JsonElement) = write {
        put("id", request.getValue("id"))
        put("result", result)
    }

    private fun refuse(request: JsonObject, why: String) = write {
        put("id", request.getValue("id"))
        putJsonObject("error") {
            put("code", -32601)
            put("message", why)
        }
    }

    private fun write(content: JsonObjectBuilder.() -> Unit) {
        val body = buildJsonObject(content).toString().toByteArray()
        val header = "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length: ${body.size}\r\n\r\n"
        for (byte in header.toByteArray() + body) {
            System.out.write(byte.toInt())
            System.out.flush()
        }
    }

    private fun read(): JsonObject {
        val header = StringBuilder()
        while (!header.endsWith("\r\n\r\n")) header.append(input.readByte().toInt().toChar())
        val length = Regex("Content-Length: (\\d+)").find(header)!!.groupValues[1].toInt()
        return Json.parseToJsonElement(String(input.readNBytes(length))).jsonObject
    }

    private fun JsonObject.text(name: String) = getValue(name).jsonPrimitive.content
}
