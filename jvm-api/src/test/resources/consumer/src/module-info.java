/** A program that has heard of nothing but the facade. */
module consumer {
    requires dev.aiopipe.jvm;
}
