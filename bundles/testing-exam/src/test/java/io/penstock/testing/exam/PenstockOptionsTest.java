// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.exam;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.junitBundles;
import static org.ops4j.pax.exam.CoreOptions.maven;
import static org.ops4j.pax.exam.CoreOptions.options;
import static org.ops4j.pax.exam.OptionUtils.expand;
import static org.ops4j.pax.exam.karaf.options.KarafDistributionOption.karafDistributionConfiguration;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.karaf.options.KarafFeaturesOption;
import org.ops4j.pax.exam.options.MavenArtifactProvisionOption;

/** What the options say; the container tests show that they are enough. */
class PenstockOptionsTest {
  // snippet: testing.exam
  @Configuration
  public Option[] felix() {
    return options(PenstockOptions.options("tls"), junitBundles());
  }

  // end of snippet

  // snippet: testing.exam.karaf
  @Configuration
  public Option[] karaf() {
    return options(
        karafDistributionConfiguration()
            .frameworkUrl(maven("org.apache.karaf", "apache-karaf", "4.4.10").type("tar.gz")),
        PenstockOptions.karaf("tls"));
  }

  // end of snippet

  private static List<String> urls(Option... options) {
    return Stream.of(expand(options))
        .filter(MavenArtifactProvisionOption.class::isInstance)
        .map(option -> ((MavenArtifactProvisionOption) option).getURL())
        .toList();
  }

  @Test
  void bundlesOfThePartComeWithThoseOfAllTests() {
    List<String> plain = urls(PenstockOptions.options());
    assertTrue(
        plain.stream().anyMatch(url -> url.matches("mvn:io.penstock/io.penstock.impl/[0-9].*")),
        plain::toString);
    List<String> ours = urls(felix());
    assertTrue(ours.containsAll(plain), ours::toString);
    assertEquals(
        List.of("io.penstock.tls"),
        ours.stream()
            .filter(url -> url.startsWith("mvn:io.penstock/") && !plain.contains(url))
            .map(url -> url.split("/")[1])
            .toList());
  }

  @Test
  void versionsAreThoseOfTheBuild() {
    List<String> all = urls(PenstockOptions.options("native", "pushstream", "sftp", "tls"));
    assertEquals(List.of(), all.stream().filter(url -> url.contains("$")).toList());
  }

  @Test
  void nothingComesTwice() {
    List<String> twice = urls(PenstockOptions.options("ssh", "sftp", "sftp"));
    assertEquals(twice.stream().distinct().toList(), twice);
    assertEquals(twice, urls(PenstockOptions.options("sftp")));
  }

  @Test
  void karafGetsAFeatureForEachPart() {
    KarafFeaturesOption features =
        Stream.of(karaf())
            .filter(KarafFeaturesOption.class::isInstance)
            .map(KarafFeaturesOption.class::cast)
            .findFirst()
            .orElseThrow();
    assertArrayEquals(new String[] {"penstock", "penstock-tls"}, features.getFeatures());
    assertTrue(
        features.getURL().matches("mvn:io.penstock/io.penstock.karaf/[0-9][^/]*/xml/features"),
        features::getURL);
  }

  @Test
  void unknownPartIsNamedWithThoseThatThereAre() {
    for (String name : List.of("framework", "version", "TLS")) {
      String said =
          assertThrows(IllegalArgumentException.class, () -> PenstockOptions.options(name))
              .getMessage();
      assertEquals(
          "no part of Penstock is named '%s': there are [native, pushstream, sftp, ssh, tls]"
              .formatted(name),
          said);
      assertEquals(
          said,
          assertThrows(IllegalArgumentException.class, () -> PenstockOptions.karaf(name))
              .getMessage());
    }
  }
}
