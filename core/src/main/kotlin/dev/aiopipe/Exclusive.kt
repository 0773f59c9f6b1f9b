package dev.aiopipe

import dev.aiopipe.engine.Input
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.ensureActive

/**
 * An `atomically` block or a transfer, in the context of what belongs to it. What it has launched elsewhere may outlive
 * it.
 */
internal class Exclusive(override val key: CoroutineContext.Key<Exclusive>) : CoroutineContext.Element {
    @Volatile var over = false

    fun orNullBehindIt() = if (over) null else this
}

/** Runs what has the reader to itself; reads with [mine][Exclusive] in their context are its own. */
@JvmSynthetic
internal suspend fun <T> Input.exclusively(
    key: CoroutineContext.Key<Exclusive>,
    block: suspend (mine: CoroutineContext, outermost: Boolean) -> T,
): T {
    val context = coroutineContext
    context.ensureActive()
    if (context[key]?.orNullBehindIt() != null) return block(EmptyCoroutineContext, false)
    val mine = Exclusive(key)
    own(mine)
    try {
        return block(mine, true)
    } finally {
        mine.over = true
        disown(mine)
    }
}
