/** Non-blocking operating-system pipes for {@link java.util.concurrent.CompletableFuture}. */
module dev.aiopipe.jvm {
    requires transitive dev.aiopipe;
    requires static transitive org.jspecify;
    requires static com.google.errorprone.annotations;

    exports dev.aiopipe.jvm;
}
