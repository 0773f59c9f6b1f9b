package dev.aiopipe.examples.recipes;

import dev.aiopipe.OutputLine;
import dev.aiopipe.jvm.AsyncPipes;
import reactor.adapter.JdkFlowAdapter;
import reactor.core.publisher.Flux;

/** Recipes of docs/recipes.md. */
public final class Serving {
    private Serving() {}

    // begin
    public static Flux<String> lines(ProcessBuilder program) {
        return JdkFlowAdapter.flowPublisherToFlux(AsyncPipes.outputLines(program))
                .filter(line -> line.source() == OutputLine.Source.STDOUT)
                .map(OutputLine::text);
    }
    // end
}
