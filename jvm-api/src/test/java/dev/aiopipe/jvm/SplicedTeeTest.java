package dev.aiopipe.jvm;

import dev.aiopipe.testkit.SplicedFromTheStart;
import org.junit.jupiter.api.extension.ExtendWith;

/** The tees of {@link TeeTest}, whose bytes stay in the kernel where that is possible. */
@ExtendWith(SplicedFromTheStart.class)
class SplicedTeeTest extends TeeTest {}
