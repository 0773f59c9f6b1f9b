package dev.aiopipe.engine.read;

/** Counts how often it is woken. */
final class CountingWaiter implements ReadWaiter {
    final ReadOp<?> op;
    private final Input input;
    int woken;

    CountingWaiter(Input input, ReadOp<?> op) {
        this.input = input;
        this.op = op;
    }

    @Override
    public Input input() {
        return input;
    }

    @Override
    public ReadOp<?> op() {
        return op;
    }

    @Override
    public void wake() {
        woken++;
    }
}
