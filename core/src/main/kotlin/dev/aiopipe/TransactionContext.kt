package dev.aiopipe

import dev.aiopipe.engine.read.ReadTransaction
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext

/**
 * Carries the [ReadTransaction] of an `atomically` block or a transfer to the reads of its coroutines. A coroutine that
 * the block has launched elsewhere may outlive it.
 */
internal class TransactionContext(
    override val key: CoroutineContext.Key<TransactionContext>,
    private val transaction: ReadTransaction,
) : CoroutineContext.Element {
    /** The transaction, or null once it is over: later reads are outside of it. */
    fun openOrNull(): ReadTransaction? = if (transaction.isOver) null else transaction
}

/**
 * Runs [block] in a transaction, which reads find in their context. Commits it if the block succeeds, else rolls it
 * back.
 *
 * @param begin begins the transaction within an outer one, if there is one
 * @param dispatcher runs the block; nothing if the caller's does
 */
@JvmSynthetic
internal suspend fun <T> inTransaction(
    key: CoroutineContext.Key<TransactionContext>,
    begin: (ReadTransaction?) -> ReadTransaction,
    dispatcher: CoroutineContext = EmptyCoroutineContext,
    block: suspend (ReadTransaction) -> T,
): T {
    val context = coroutineContext
    context.ensureActive()
    val transaction = begin(context[key]?.openOrNull())
    var complete = false
    try {
        return withContext(dispatcher + TransactionContext(key, transaction)) { block(transaction) }
            .also { complete = true } // out here: if it is cancelled, withContext drops the block's value
    } finally {
        if (complete) transaction.commit() else transaction.rollBack()
    }
}
