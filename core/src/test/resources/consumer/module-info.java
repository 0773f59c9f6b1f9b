/** What the README says that a Kotlin module has to require. */
module consumer {
    requires dev.aiopipe;
    requires kotlinx.coroutines.core;
}
