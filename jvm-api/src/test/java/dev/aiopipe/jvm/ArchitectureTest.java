package dev.aiopipe.jvm;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What may depend on what. That no signature names the engine is seen by {@link ConsumerTest}. */
class ArchitectureTest {
    private static final String FACADE = "dev.aiopipe.jvm";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(FACADE);

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void holds(ArchRule rule) {
        assertTrue(CLASSES.contain(FACADE + ".AsyncPipes"));
        rule.check(CLASSES);
    }

    static Stream<ArchRule> rules() {
        return Stream.of(
                noClasses()
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("kotlin..", "kotlinx..", "com.sun.jna..")
                        .as("the facade uses nothing of Kotlin or JNA"),
                noClasses()
                        .that()
                        .resideInAPackage(FACADE + ".internal..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage(FACADE)
                        .allowEmptyShould(true)
                        .as("what is internal uses nothing of the public types"),
                slices().matching(FACADE + ".internal.(*)..")
                        .should()
                        .beFreeOfCycles()
                        .allowEmptyShould(true)
                        .as("no cycle among the rooms"));
    }
}
