// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysFalse;
import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Which package may know which, by name of the rule, in all bundles. */
final class Layers {
  private static final String[] API = {
    "io.penstock.stream",
    "io.penstock.error",
    "io.penstock.pipe",
    "io.penstock.channel",
    "io.penstock.channel.facet",
    "io.penstock.poller",
    "io.penstock.relay",
    "io.penstock.serve",
    "io.penstock.runtime",
    "io.penstock.spi",
    "io.penstock.spi.content"
  };

  /** The implementation from the ground up. A package knows what is on the floors below its own. */
  static final List<List<String>> FLOORS =
      List.of(
          List.of(
              "io.penstock.impl.posix",
              "io.penstock.impl.view",
              "io.penstock.impl.engine",
              "io.penstock.impl.buffer"),
          List.of("io.penstock.impl.core"),
          List.of(
              "io.penstock.impl.channel",
              "io.penstock.impl.pipe",
              "io.penstock.impl.poller",
              "io.penstock.impl.kind"),
          List.of("io.penstock.impl.relay", "io.penstock.impl.serve"),
          List.of("io.penstock.impl.runtime"),
          List.of("io.penstock.impl.component", "io.penstock.standalone"));

  /** These have rules of their own, which allow less. */
  private static final Set<String> NARROWER =
      Set.of("io.penstock.impl.view", "io.penstock.impl.kind");

  /** The one neighbour that a package may know on its own floor: a buffer keeps faults. */
  private static final Map<String, String> NEIGHBOURS =
      Map.of("io.penstock.impl.buffer", "io.penstock.impl.engine");

  /** What of the components works without OSGi. */
  private static final DescribedPredicate<? super JavaClass> CONFIGURATIONS =
      nameMatching("io\\.penstock\\.impl\\.component\\.LocalConfigurations(\\$.*)?");

  /** The other bundles, each of which knows itself and the API. */
  private static final List<String> BUNDLES =
      List.of(
          "io.penstock.cdi",
          "io.penstock.cli",
          "io.penstock.console",
          "io.penstock.durable",
          "io.penstock.eventadmin",
          "io.penstock.example",
          "io.penstock.gogo",
          "io.penstock.health",
          "io.penstock.inventory",
          "io.penstock.jmx",
          "io.penstock.karaf.commands",
          "io.penstock.launcher",
          "io.penstock.metrics",
          "io.penstock.micrometer",
          "io.penstock.nats",
          "io.penstock.operator",
          "io.penstock.pushstream",
          "io.penstock.remote",
          "io.penstock.rsa",
          "io.penstock.sftp",
          "io.penstock.shell",
          "io.penstock.ssh",
          "io.penstock.testing",
          "io.penstock.tls");

  /** What some of them know besides, with a space between. */
  private static final Map<String, String> BESIDES =
      Map.ofEntries(
          Map.entry("io.penstock.cdi", "io.penstock.standalone"),
          Map.entry("io.penstock.console", "io.penstock.operator"),
          Map.entry("io.penstock.gogo", "io.penstock.operator"),
          Map.entry("io.penstock.inventory", "io.penstock.operator"),
          Map.entry("io.penstock.jmx", "io.penstock.metrics"),
          Map.entry("io.penstock.karaf.commands", "io.penstock.operator"),
          // A short command line runs without a container.
          Map.entry("io.penstock.launcher", "io.penstock.cli io.penstock.standalone"),
          Map.entry("io.penstock.micrometer", "io.penstock.metrics"),
          Map.entry(
              "io.penstock.nats", "io.penstock.remote io.penstock.remote.spi io.penstock.tls"),
          Map.entry("io.penstock.rsa", "io.penstock.remote io.penstock.remote.spi"));

  private static final DescribedPredicate<JavaClass> PENSTOCK = resideInAPackage("io.penstock..");

  /** What the compiler reads, and no class needs at run time. */
  private static final DescribedPredicate<JavaClass> ANNOTATIONS =
      resideInAnyPackage(
          "org.osgi.annotation..",
          "org.osgi.service.component.annotations..",
          "org.osgi.service.metatype.annotations..");

  private static final DescribedPredicate<JavaClass> OSGI =
      resideInAPackage("org.osgi..")
          .and(
              not(
                  resideInAnyPackage(
                      "org.osgi.annotation..", "org.osgi.service.component.annotations..")))
          .as("OSGi");

  private static final DescribedPredicate<JavaClass> FRAMEWORK =
      resideInAPackage("org.osgi..")
          .and(not(ANNOTATIONS))
          .and(not(resideInAPackage("org.osgi.util.pushstream..")))
          .as("an OSGi framework");

  static final Map<String, ArchRule> RULES = rules();

  private Layers() {}

  private static Map<String, ArchRule> rules() {
    Map<String, ArchRule> rules = new TreeMap<>();
    rules.put(
        "each package has a rule",
        classes()
            .that(PENSTOCK)
            .should()
            .resideInAnyPackage(
                Stream.of(
                        Stream.of(API),
                        FLOORS.stream().flatMap(List::stream).map(Layers::within),
                        BUNDLES.stream().map(Layers::within))
                    .flatMap(all -> all)
                    .toArray(String[]::new)));
    rules.put(
        "no packages know each other in a circle",
        slices().matching("io.penstock.(**)").should().beFreeOfCycles());
    rules.put("the API knows no implementation", knowsOnly(API, resideInAnyPackage(API)));
    ofImplementation(rules);
    ofBundles(rules);
    return rules;
  }

  private static void ofImplementation(Map<String, ArchRule> rules) {
    List<String> below = new ArrayList<>(List.of(API));
    for (List<String> floor : FLOORS) {
      List<String> known = List.copyOf(below);
      for (String name : floor) {
        if (NARROWER.contains(name)) {
          continue;
        }
        List<String> all = new ArrayList<>(known);
        all.add(within(name));
        if (NEIGHBOURS.containsKey(name)) {
          all.add(within(NEIGHBOURS.get(name)));
        }
        DescribedPredicate<JavaClass> may = resideInAnyPackage(all.toArray(String[]::new));
        rules.put(
            name + " knows only the floors below it",
            knowsOnly(
                new String[] {within(name)},
                name.equals("io.penstock.standalone") ? may.or(CONFIGURATIONS) : may));
      }
      floor.forEach(name -> below.add(within(name)));
    }
    rules.put(
        "of the implementation only components know OSGi",
        noClasses()
            .that(
                resideInAnyPackage(API)
                    .or(resideInAnyPackage("io.penstock.impl..", "io.penstock.standalone.."))
                    .and(not(resideInAPackage("io.penstock.impl.component.."))))
            .should()
            .dependOnClassesThat(OSGI));
    rules.put(
        "a relay knows no kind, pipe or poller",
        noClasses()
            .that()
            .resideInAPackage("io.penstock.impl.relay..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.penstock.impl.kind..", "io.penstock.impl.pipe..", "io.penstock.impl.poller.."));
    rules.put(
        "a view knows an end by its contract only",
        knowsOnly(
            new String[] {"io.penstock.impl.view.."},
            resideInAnyPackage("io.penstock.stream", "io.penstock.error", "io.penstock.impl.view..")
                // By which every class logs.
                .or(nameMatching("io\\.penstock\\.spi\\.Messages(\\$.*)?"))
                // How a frame that is too long is recorded.
                .or(nameMatching("io\\.penstock\\.impl\\.engine\\.Flight(\\$.*)?"))));
    rules.put(
        "a kind knows the provider interface, the memory pipe and what kinds share",
        knowsOnly(
            new String[] {"io.penstock.impl.kind.."},
            resideInAnyPackage(
                    "io.penstock.spi",
                    "io.penstock.channel..",
                    "io.penstock.error",
                    "io.penstock.stream",
                    "io.penstock.pipe",
                    "io.penstock.impl.buffer",
                    "io.penstock.impl.posix",
                    "io.penstock.impl.kind..")
                // How a kind has its memory counted, and its waits told.
                .or(
                    nameMatching(
                        "io\\.penstock\\.impl\\.engine\\."
                            + "(Account|Callers|Counted)(\\$.*)?"))));
    rules.put(
        "a kind knows no other kind",
        slices()
            .matching("io.penstock.impl.kind.(*)..")
            .should()
            .notDependOnEachOther()
            .ignoreDependency(alwaysTrue(), resideInAPackage("io.penstock.impl.kind.support..")));
  }

  private static void ofBundles(Map<String, ArchRule> rules) {
    for (String bundle : BUNDLES) {
      rules.put(
          bundle + " knows itself and the API only",
          knowsOnly(
              new String[] {within(bundle)},
              resideInAnyPackage(API)
                  .or(resideInAPackage(within(bundle)))
                  .or(
                      BESIDES.containsKey(bundle)
                          ? resideInAnyPackage(BESIDES.get(bundle).split(" "))
                          : alwaysFalse())));
    }
    rules.put(
        "the contract's tests know what users know",
        noClasses()
            .that()
            .resideInAPackage("io.penstock.testing.contract..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.penstock.spi"));
    rules.put(
        "a channel for tests knows no test framework",
        noClasses()
            .that()
            .resideInAPackage("io.penstock.testing")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.junit..", "org.opentest4j.."));
    rules.put(
        "containers that find each other know no pipes on servers",
        noClasses()
            .that()
            .resideInAPackage("io.penstock.nats.impl.registry")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.penstock.nats.impl.pipe"));
    rules.put(
        "pipes on servers know no containers that find each other",
        noClasses()
            .that()
            .resideInAPackage("io.penstock.nats.impl.pipe")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.penstock.nats.impl.registry", "io.penstock.remote.."));
    rules.put(
        "a provider's bundle knows no framework",
        noClasses()
            .that()
            .resideInAnyPackage(
                "io.penstock.cdi..",
                "io.penstock.durable..",
                "io.penstock.example..",
                "io.penstock.nats..",
                "io.penstock.pushstream..",
                "io.penstock.sftp..",
                "io.penstock.ssh..",
                "io.penstock.testing..",
                "io.penstock.tls..")
            .should()
            .dependOnClassesThat(FRAMEWORK));
    rules.put(
        "what channels over SSH offer knows neither implementation nor library",
        noClasses()
            .that()
            .resideInAPackage("io.penstock.ssh")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.penstock.ssh.impl..", "io.penstock.ssh.provider..", "org.apache.sshd.."));
  }

  private static ArchRule knowsOnly(String[] packages, DescribedPredicate<JavaClass> known) {
    return noClasses()
        .that()
        .resideInAnyPackage(packages)
        .should()
        .dependOnClassesThat(PENSTOCK.and(not(known)));
  }

  private static String within(String name) {
    return name + "..";
  }
}
