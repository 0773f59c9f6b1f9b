package dev.aiopipe.jvm;

import dev.aiopipe.testkit.SplicedFromTheStart;
import org.junit.jupiter.api.extension.ExtendWith;

/** The transfers of {@link TransferTest}, whose bytes stay in the kernel where that is possible. */
@ExtendWith(SplicedFromTheStart.class)
class SplicedTransferTest extends TransferTest {}
