// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.exam;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.ops4j.pax.exam.CoreOptions;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.karaf.options.KarafDistributionOption;

/**
 * Options of Pax Exam that bring Penstock into the container of a test, in the versions that this
 * release is tested with.
 *
 * <p>They name artefacts, which Pax Exam takes from Maven repositories. Nothing is resolved here,
 * and no method blocks. All methods may be called from any thread.
 *
 * <p>These parts are optional: {@code native} (native calls with Java before 22), {@code
 * pushstream}, {@code sftp} (with {@code ssh}), {@code ssh} and {@code tls}.
 */
public final class PenstockOptions {
  private static final String FRAMEWORK = "framework";
  private static final String VERSION = "version";
  private static final Properties BUNDLES = read();
  private static final Set<String> PARTS = parts();

  private PenstockOptions() {}

  /**
   * The bundles for a framework that has none yet, such as Felix or Equinox in the test's own JVM:
   * Penstock, Declarative Services, Configuration Admin, and the packages that these import.
   *
   * <p>The parts {@code ssh} and {@code sftp} import slf4j, too. Pax Exam's own logging has it; a
   * test without that logging adds {@code slf4j-api} and a binding.
   *
   * @param parts the names of optional parts, in any order; none by default
   * @return one option, to be used with others
   * @throws IllegalArgumentException if there is no part of such a name
   */
  public static Option options(String... parts) {
    return CoreOptions.composite(
        Stream.concat(Stream.of(FRAMEWORK), Stream.of(parts).map(PenstockOptions::checked))
            .flatMap(PenstockOptions::bundles)
            .distinct()
            .map(bundle -> bundle.split("/", 3))
            .map(name -> CoreOptions.mavenBundle(name[0], name[1], name[2]))
            .toArray(Option[]::new));
  }

  /**
   * The features for Karaf 4.4: {@code penstock}, and {@code penstock-PART} for each part. Karaf
   * has to know its own feature {@code scr}, as it does by default.
   *
   * <p>Needs {@code pax-exam-container-karaf} on the test's class path.
   *
   * @param parts the names of optional parts, in any order; none by default
   * @return one option, to be used with others
   * @throws IllegalArgumentException if there is no part of such a name
   */
  public static Option karaf(String... parts) {
    String[] features =
        Stream.concat(
                Stream.of("penstock"), Stream.of(parts).map(part -> "penstock-" + checked(part)))
            .distinct()
            .toArray(String[]::new);
    return KarafDistributionOption.features(
        CoreOptions.maven("io.penstock", "io.penstock.karaf", BUNDLES.getProperty(VERSION))
            .classifier("features")
            .type("xml"),
        features);
  }

  private static String checked(String part) {
    if (!PARTS.contains(part)) {
      throw new IllegalArgumentException(
          "no part of Penstock is named '%s': there are %s".formatted(part, PARTS));
    }
    return part;
  }

  private static Stream<String> bundles(String part) {
    return Stream.of(BUNDLES.getProperty(part).split(" +"))
        .flatMap(name -> name.contains("/") ? Stream.of(name) : bundles(name));
  }

  private static Set<String> parts() {
    Set<String> names = new TreeSet<>(BUNDLES.stringPropertyNames());
    names.remove(FRAMEWORK);
    names.remove(VERSION);
    return names;
  }

  private static Properties read() {
    Properties bundles = new Properties();
    try (InputStream in = PenstockOptions.class.getResourceAsStream("bundles.properties")) {
      bundles.load(in);
    } catch (IOException problem) {
      throw new UncheckedIOException("cannot read the list of bundles", problem);
    }
    return bundles;
  }
}
