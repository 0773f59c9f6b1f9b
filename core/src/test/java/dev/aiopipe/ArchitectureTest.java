package dev.aiopipe;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.members;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.PackageMatchers;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What may depend on what. A new room of the engine is put into {@link #ROOMS}. */
class ArchitectureTest {
    private static final String PUBLIC = "dev.aiopipe";
    private static final String ENGINE = "dev.aiopipe.engine";

    /** From the ground up: each room may use those before it, and nothing of the package that holds the rooms. */
    private static final List<String> ROOMS = List.of(
            "support", "linux", "loop", "read", "write", "splice", "blocking", "transport", "endpoint", "process");

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(PUBLIC);

    @ParameterizedTest(name = "{0}")
    @MethodSource({"rules", "rulesOfRooms"})
    void holds(ArchRule rule) {
        assertTrue(CLASSES.contain(PUBLIC + ".PipeReader") && CLASSES.contain(PUBLIC + ".AioPipe"));
        rule.check(CLASSES);
    }

    /** Class files do not show constants to ArchUnit, so this looks at the sources. */
    @Test
    @DisplayName(
            "the room linux alone composes paths under /proc; the shell script of DescriptorPassing names its parent's")
    void linuxAloneKnowsProc() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            List<Path> sources = files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.endsWith("DescriptorPassing.java"))
                    .toList();
            List<Path> knowing = new ArrayList<>();
            for (Path source : sources) {
                if (Files.readString(source).contains("\"/proc")) {
                    knowing.add(source.getFileName());
                }
            }
            assertEquals(List.of(Path.of("ProcFs.java")), knowing);
        }
    }

    static Stream<ArchRule> rules() {
        return Stream.of(
                noClasses()
                        .that()
                        .resideInAPackage(ENGINE + "..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("kotlin..", "kotlinx..")
                        .as("the engine is Java, and uses nothing of Kotlin"),
                noClasses()
                        .that()
                        .resideInAPackage(ENGINE + "..")
                        .and()
                        .haveNameNotMatching(".*\\.(Access|SharedSecrets)") // the door for the facade
                        .should()
                        .dependOnClassesThat(arePublicAndNoValues())
                        .as("of the public types the engine uses only exceptions, enums and records"),
                members()
                        .that(areShownByJava())
                        .should(notShow(
                                ENGINE + "..",
                                "kotlin..",
                                "kotlinx..",
                                "com.sun.jna..",
                                "java.util.concurrent.locks.."))
                        .as("the public Java shows nothing of the engine, of Kotlin or of JNA"),
                noClasses()
                        .that()
                        .haveNameNotMatching(".*\\.LibC(\\$.*)?")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("com.sun.jna..")
                        .as("LibC alone touches JNA"));
    }

    static Stream<ArchRule> rulesOfRooms() {
        List<ArchRule> rules = new ArrayList<>();
        rules.add(slices().matching(ENGINE + ".(*)..").should().beFreeOfCycles().as("no cycle among the rooms"));
        rules.add(noClasses()
                .that()
                .resideInAPackage(ENGINE + ".*..")
                .and()
                .resideOutsideOfPackages(packagesOf(ROOMS))
                .should()
                .haveNameMatching(".*")
                .as("each room has its place in the order"));
        for (int i = 0; i < ROOMS.size(); i++) {
            rules.add(noClasses()
                    .that()
                    .resideInAPackage(ENGINE + "." + ROOMS.get(i) + "..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(packagesOf(ROOMS.subList(i + 1, ROOMS.size())))
                    .orShould()
                    .dependOnClassesThat()
                    .resideInAPackage(ENGINE)
                    .as("the room " + ROOMS.get(i) + " uses no room above it"));
        }
        return rules.stream().map(rule -> rule.allowEmptyShould(true));
    }

    private static String[] packagesOf(List<String> rooms) {
        return rooms.stream().map(room -> ENGINE + "." + room + "..").toArray(String[]::new);
    }

    private static DescribedPredicate<JavaClass> arePublicAndNoValues() {
        return DescribedPredicate.describe(
                "are public types other than exceptions, enums and records",
                type -> type.getPackageName().equals(PUBLIC)
                        && !(type.isAssignableTo(Throwable.class) || type.isEnum() || type.isRecord()));
    }

    /**
     * Kotlin's are public in the bytecode where the source says internal; the file of the public API knows the
     * difference.
     */
    private static DescribedPredicate<JavaMember> areShownByJava() {
        return DescribedPredicate.describe(
                "are shown by Java",
                member -> member.getOwner().getPackageName().equals(PUBLIC)
                        && member.getOwner().getModifiers().contains(JavaModifier.PUBLIC)
                        && !member.getOwner().isAnnotatedWith("kotlin.Metadata")
                        && (member.getModifiers().contains(JavaModifier.PUBLIC)
                                || member.getModifiers().contains(JavaModifier.PROTECTED)));
    }

    private static ArchCondition<JavaMember> notShow(String... packages) {
        PackageMatchers hidden = PackageMatchers.of(packages);
        return new ArchCondition<>("not show types of " + String.join(", ", packages)) {
            @Override
            public void check(JavaMember member, ConditionEvents events) {
                for (JavaClass type : member.getAllInvolvedRawTypes()) {
                    boolean shown = hidden.test(type.getPackageName());
                    events.add(new SimpleConditionEvent(
                            member, !shown, member.getDescription() + " shows " + type.getName()));
                }
            }
        };
    }
}
