// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import io.penstock.impl.engine.Account;
import io.penstock.impl.engine.Callers;
import io.penstock.impl.engine.Canary;
import io.penstock.impl.engine.Counted;
import io.penstock.spi.Messages;
import java.util.Map;

/** Which package may know which, by name of the rule. */
final class Layers {
  private static final String[] API = {
    "io.penstock.stream",
    "io.penstock.error",
    "io.penstock.pipe",
    "io.penstock.channel",
    "io.penstock.poller",
    "io.penstock.relay",
    "io.penstock.spi"
  };

  /** Leaves no trace at run time, so any class may carry it. */
  private static final String PLAIN_ANNOTATIONS = "org.osgi.annotation..";

  private static final DescribedPredicate<JavaClass> OSGI =
      resideInAPackage("org.osgi..")
          .and(DescribedPredicate.not(resideInAPackage(PLAIN_ANNOTATIONS)))
          .as("OSGi");

  private static final DescribedPredicate<JavaClass> PENSTOCK = resideInAPackage("io.penstock..");

  static final Map<String, ArchRule> RULES =
      Map.of(
          "the API knows no implementation",
          noClasses()
              .that()
              .resideInAnyPackage(API)
              .should()
              .dependOnClassesThat(PENSTOCK.and(DescribedPredicate.not(resideInAnyPackage(API)))),
          "only components know OSGi",
          noClasses()
              .that()
              .resideOutsideOfPackage("io.penstock.impl.component..")
              .should()
              .dependOnClassesThat(OSGI),
          "nothing knows the components",
          noClasses()
              .that()
              .resideOutsideOfPackage("io.penstock.impl.component..")
              .should()
              .dependOnClassesThat()
              .resideInAPackage("io.penstock.impl.component.."),
          "poller and relay know no kind",
          noClasses()
              .that()
              .resideInAnyPackage("io.penstock.impl.poller..", "io.penstock.impl.relay..")
              .should()
              .dependOnClassesThat()
              .resideInAPackage("io.penstock.impl.kind.."),
          "the core knows nothing above it",
          noClasses()
              .that()
              .resideInAPackage("io.penstock.impl.core..")
              .should()
              .dependOnClassesThat()
              .resideInAnyPackage(
                  "io.penstock.impl.kind..",
                  "io.penstock.impl.poller..",
                  "io.penstock.impl.relay..",
                  "io.penstock.standalone.."),
          "a view knows an end by its contract only",
          classes()
              .that()
              .resideInAPackage("io.penstock.impl.view..")
              .should()
              .onlyDependOnClassesThat(
                  DescribedPredicate.not(PENSTOCK)
                      .or(
                          resideInAnyPackage(
                              "io.penstock.stream", "io.penstock.error", "io.penstock.impl.view.."))
                      // By which every class logs.
                      .or(belongToAnyOf(Messages.class))),
          "a kind knows the provider interface, the memory pipe and what kinds share",
          classes()
              .that()
              .resideInAPackage("io.penstock.impl.kind..")
              .should()
              .onlyDependOnClassesThat(
                  DescribedPredicate.not(PENSTOCK)
                      .or(
                          resideInAnyPackage(
                              "io.penstock.spi",
                              "io.penstock.channel",
                              "io.penstock.error",
                              "io.penstock.stream",
                              "io.penstock.pipe",
                              "io.penstock.impl.buffer",
                              "io.penstock.impl.posix",
                              "io.penstock.impl.kind.."))
                      // How a kind has its memory counted, its selectors checked, and its waits
                      // told.
                      .or(
                          belongToAnyOf(
                              Counted.class, Account.class, Callers.class, Canary.class))),
          "a kind knows no other kind",
          slices()
              .matching("io.penstock.impl.kind.(*)..")
              .should()
              .notDependOnEachOther()
              .ignoreDependency(alwaysTrue(), resideInAPackage("io.penstock.impl.kind.support..")),
          "no cycles among the implementation's packages",
          slices().matching("io.penstock.impl.(*)..").should().beFreeOfCycles());

  private Layers() {}
}
