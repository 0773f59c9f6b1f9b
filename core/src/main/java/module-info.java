/**
 * Non-blocking operating-system pipes for coroutines.
 *
 * <p>{@code dev.aiopipe} is the public API. {@code dev.aiopipe.engine} is shared with the facade for Java, and with
 * nobody else.
 */
@SuppressWarnings("module") // dev.aiopipe.jvm is compiled after this one
module dev.aiopipe {
    // Only the suspend functions need these two, and a module that calls them requires them itself.
    requires static kotlin.stdlib;
    requires static kotlinx.coroutines.core;
    requires com.sun.jna;
    requires static transitive org.jspecify;
    requires static com.google.errorprone.annotations;

    exports dev.aiopipe;
    exports dev.aiopipe.engine to
            dev.aiopipe.jvm;
    exports dev.aiopipe.engine.blocking to
            dev.aiopipe.jvm;
    exports dev.aiopipe.engine.loop to
            dev.aiopipe.jvm;
    exports dev.aiopipe.engine.process to
            dev.aiopipe.jvm;
    exports dev.aiopipe.engine.read to
            dev.aiopipe.jvm;
    exports dev.aiopipe.engine.splice to
            dev.aiopipe.jvm;
    exports dev.aiopipe.engine.support to
            dev.aiopipe.jvm;
    exports dev.aiopipe.engine.write to
            dev.aiopipe.jvm;
}
