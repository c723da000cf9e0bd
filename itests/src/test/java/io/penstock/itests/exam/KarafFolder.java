// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.karaf.options.KarafDistributionOption.doNotModifyLogConfiguration;
import static org.ops4j.pax.exam.karaf.options.KarafDistributionOption.features;
import static org.ops4j.pax.exam.karaf.options.KarafDistributionOption.overrideJUnitBundles;
import static org.ops4j.pax.exam.karaf.options.KarafDistributionOption.useOwnKarafExamSystemConfiguration;

import io.penstock.itests.exam.inside.ProbeActivator;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.stream.Stream;
import org.ops4j.pax.exam.ExamSystem;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.TestContainer;
import org.ops4j.pax.exam.karaf.container.internal.KarafTestContainer;
import org.ops4j.pax.exam.karaf.options.KarafDistributionConfigurationOption;

/**
 * A private Karaf made of the unpacked distribution: its own configuration and data, the read-only
 * rest by links. It has no SSH server, no JMX server and no shutdown port, no shell unless the test
 * asks for one, and resolves from local folders only.
 */
final class KarafFolder {

  private static final String STANDARD = "mvn:org.apache.karaf.features/standard/%1$s/xml/features";

  private KarafFolder() {}

  static List<Option> options(String... features) {
    List<Option> options =
        new ArrayList<>(
            List.of(
                useOwnKarafExamSystemConfiguration(ProbeActivator.DRIVER),
                doNotModifyLogConfiguration(),
                overrideJUnitBundles()));
    if (features.length > 0) {
      String version = property("penstock.itests.karaf.version");
      options.add(features(STANDARD.formatted(version), features));
    }
    return options;
  }

  /** Declarative Services, where Karaf's feature "scr" does not come with another. */
  static List<Option> components() {
    // The bundles of Karaf's feature "scr"; the feature itself also names some for its web console
    // and JMX, which the distribution does not hold.
    Path scr = Path.of(property("penstock.itests.karaf"), "org.apache.felix.scr.jar");
    return List.of(
        bundle(ClassPathBundles.url("org.osgi.service.component")), bundle(scr.toUri().toString()));
  }

  static TestContainer container(ExamSystem system, Path folder, Path log) throws IOException {
    String version = property("penstock.itests.karaf.version");
    Path distribution = Path.of(property("penstock.itests.karaf"), "apache-karaf-" + version);
    lay(distribution, folder, version);
    KarafDistributionConfigurationOption option = new KarafDistributionConfigurationOption();
    option.name("Karaf").karafVersion(version).existing(folder.toFile());
    return new KarafTestContainer(system, option, new KarafProcess(log));
  }

  private static void lay(Path distribution, Path folder, String version) throws IOException {
    Path etc = Files.createDirectories(folder.resolve("etc"));
    try (Stream<Path> files = Files.list(distribution.resolve("etc"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, etc.resolve(file.getFileName()));
      }
    }
    for (String shared : List.of("lib", "system")) {
      Files.createSymbolicLink(folder.resolve(shared), distribution.resolve(shared));
    }
    for (String empty : List.of("bin", "data/tmp", "deploy")) {
      Files.createDirectories(folder.resolve(empty));
    }
    Path features = etc.resolve("org.apache.karaf.features.cfg");
    edit(features, "featuresBoot", "framework/" + version);
    edit(
        features,
        "featuresRepositories",
        ("mvn:org.apache.karaf.features/framework/%1$s/xml/features," + STANDARD)
            .formatted(version));
    Path maven = etc.resolve("org.ops4j.pax.url.mvn.cfg");
    edit(maven, "org.ops4j.pax.url.mvn.repositories", "");
    edit(
        maven,
        "org.ops4j.pax.url.mvn.defaultRepositories",
        "${karaf.home.uri}system@id=system,%s@id=exam"
            .formatted(Path.of(property("penstock.itests.exam.repository")).toUri()));
    edit(
        maven,
        "org.ops4j.pax.url.mvn.localRepository",
        folder.resolve("data/repository").toString());
    Path custom = etc.resolve("custom.properties");
    edit(custom, "karaf.shutdown.port", "-1");
    // Karaf would write what tests configure into files, and read it from there a second later.
    edit(custom, "felix.fileinstall.enableConfigSave", "false");
  }

  private static void edit(Path file, String key, String value) throws IOException {
    Properties properties = new Properties();
    if (Files.exists(file)) {
      try (InputStream in = Files.newInputStream(file)) {
        properties.load(in);
      }
    }
    properties.setProperty(key, value);
    try (OutputStream out = Files.newOutputStream(file)) {
      properties.store(out, null);
    }
  }

  private static String property(String key) {
    return Objects.requireNonNull(
        System.getProperty(key), "system property " + key + ": Maven sets it for the tests");
  }
}
