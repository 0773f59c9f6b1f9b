package dev.aiopipe

import dev.aiopipe.engine.read.Input
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext

/**
 * An `atomically` block or a transfer, in the context of what belongs to it. What it has launched elsewhere may outlive
 * it. Of nested ones the innermost has the reader.
 */
internal class Exclusive(override val key: CoroutineContext.Key<Exclusive>, private val outer: Exclusive?) :
    CoroutineContext.Element, Input.Nested {
    @Volatile var over = false

    override fun outer() = outer

    fun orNullBehindIt() = if (over) null else this
}

/**
 * Runs what has the reader to itself; reads with [Exclusive] in their context are its own.
 *
 * @param limit if [block] fails, it gives back what it has read, up to so many bytes; -1 if it never does
 */
@JvmSynthetic
internal suspend fun <T> Input.exclusively(
    key: CoroutineContext.Key<Exclusive>,
    limit: Int,
    block: suspend (Exclusive) -> T,
): T {
    val context = coroutineContext
    context.ensureActive()
    val outer = context[key]?.orNullBehindIt()
    val mine = Exclusive(key, outer)
    own(mine)
    var mark = Int.MAX_VALUE
    try {
        if (limit >= 0) {
            if (outer == null) hold(limit)
            mark = kept()
        }
        return withContext(mine) { block(mine) }
            .also { mark = Int.MAX_VALUE } // out here: cancelled, it drops the block's value
    } finally {
        mine.over = true
        disown(mine, mark)?.wake()
    }
}
