package dev.aiopipe

import java.nio.channels.ReadPendingException
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assertions.fail
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** Several reads that are one. */
interface ReaderAtomicContract : ReaderCase {
    @Test
    @DisplayName("R34 cancelled between header and body gives both back")
    fun cancelledBlockGivesBack() = reading {
        val read = waiting { reader.atomically { readLine() + readExactly(4).decodeToString() } }
        sendAndArrive("head")
        send("er\n")
        eventually("the header is taken") { reader.buffered == 0 }
        send("bo")
        eventually("half the body arrives") { reader.buffered == 2 }
        read.cancelAndJoin()
        send("dy")
        assertEquals("header", reader.readLine())
        assertReads("body")
    }

    @Test
    @DisplayName("R34 failed between header and body gives both back")
    fun failedBlockGivesBack() = reading {
        send("header\nbody")
        assertThrows<NumberFormatException> { reader.atomically { readLine()!!.toInt() } }
        assertEquals("header", reader.readLine())
        assertReads("body")
    }

    @Test
    @DisplayName("R34 cancelled behind its last read gives all back")
    fun blockCancelledBehindItsLastReadGivesBack() = reading {
        send("header\nbody")
        var seen: String? = null
        val read = alongside {
            reader.atomically {
                seen = readLine() + readExactly(4).decodeToString()
                this@alongside.cancel() // what comes out of the block does not get to the caller any more
                seen
            }
        }
        assertTrue(failureOf(read) is CancellationException)
        assertEquals("headerbody", seen)
        assertEquals("header", reader.readLine())
        assertReads("body")
    }

    @Test
    @DisplayName("R34 a complete block has taken what it read")
    fun completeBlockTakes() = reading {
        send("header\nbodynext")
        assertEquals("headerbody", reader.atomically { readLine() + readExactly(4).decodeToString() })
        assertReads("next")
    }

    @Test
    @DisplayName("R34 nested blocks give back what is theirs")
    fun nestedBlocksGiveBack() = reading {
        send("abcdef")
        val outer = reader.atomically {
            val a = readExactly(1).decodeToString()
            assertThrows<IllegalStateException> {
                atomically {
                    readExactly(2)
                    error("inner")
                }
            }
            a + atomically { readExactly(2).decodeToString() }
        }
        assertEquals("abc", outer)
        assertThrows<IllegalStateException> {
            reader.atomically {
                atomically { readExactly(2) }
                error("outer")
            }
        }
        assertReads("def")
    }

    @Test
    @DisplayName("R34 of nested blocks the innermost that is open reads, and gives back its own")
    fun innermostBlockReads() = reading {
        send("abcdef")
        assertTrue(reader.request(6))
        val gate = gate()
        val taken = reader.atomically {
            coroutineScope {
                val inner =
                    async(start = CoroutineStart.UNDISPATCHED) {
                        runCatching {
                            atomically {
                                readExactly(2)
                                gate.await()
                                error("inner")
                            }
                        }
                    }
                assertThrows<ReadPendingException> { readExactly(1) }
                assertThrows<ReadPendingException> { atomically { readExactly(1) } }
                gate.complete(Unit)
                assertEquals("inner", inner.await().exceptionOrNull()?.message)
            }
            readExactly(4).decodeToString()
        }
        assertEquals("abcd", taken)
        assertReads("ef")
    }

    @Test
    @DisplayName("R34 over the limit it fails, and nothing is lost")
    fun blockOverTheLimitLosesNothing() =
        reading(maxLineBytes = 8) {
            send("0123456789")
            assertTrue(reader.request(10))
            val failure =
                assertThrows<LimitExceededException> {
                    reader.atomically {
                        readExactly(5)
                        readExactly(5)
                    }
                }
            assertEquals(8, failure.limit())
            assertReads("0123456789")
        }

    @Test
    @DisplayName("R34 a block that is caught over the limit can go on")
    fun blockMayGoOnBehindTheLimit() =
        reading(maxLineBytes = 8) {
            send("0123456789")
            assertTrue(reader.request(10))
            val taken = reader.atomically {
                readExactly(5)
                assertThrows<LimitExceededException> { readExactly(5) }
                readExactly(3).decodeToString()
            }
            assertEquals("567", taken)
            assertReads("89")
        }

    @Test
    @DisplayName("R24 reads from outside of a block are refused")
    fun blockHasTheReaderToItself() = reading {
        val gate = gate()
        val block = waiting {
            reader.atomically {
                val first = readExactly(1)
                gate.await()
                first + readExactly(1)
            }
        }
        send("ab")
        eventually("the first byte is taken") { reader.buffered == 1 }
        assertThrows<ReadPendingException> { reader.readAtMost(1) }
        assertThrows<ReadPendingException> { reader.atomically { fail<Unit>("ran") } }
        gate.complete(Unit)
        assertEquals("ab", block.await().decodeToString())
    }

    @Test
    @DisplayName("R34 a read that a block has left under way elsewhere is over, and the reader is free")
    fun readThatOutlivesItsBlock() = reading {
        var left: Deferred<Result<String?>>? = null
        send("header\n")
        val scope = CoroutineScope(Dispatchers.Default)
        val header = reader.atomically {
            val header = readLine()
            val mine = currentCoroutineContext().minusKey(Job)
            left = scope.async(mine, CoroutineStart.UNDISPATCHED) { runCatching { readLine() } }
            header
        }
        assertEquals("header", header)
        assertEquals(IllegalStateException::class, left!!.await().exceptionOrNull()?.let { it::class })
        send("body\n")
        assertEquals("body", reader.readLine())
    }

    @Test
    @DisplayName("R34 a child coroutine of the block reads within it")
    fun childrenOfTheBlockReadWithinIt() = reading {
        send("abcd")
        assertThrows<IllegalStateException> {
            reader.atomically {
                coroutineScope { alongside { readExactly(2) }.await() }
                error("after the child")
            }
        }
        assertReads("abcd")
    }
}
