// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.itests.exam.ContainerKind;
import io.penstock.itests.exam.InContainer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.startlevel.FrameworkStartLevel;

/** A container in which all that operators install starts and stops with the start level. */
@InContainer(
    value = {ContainerKind.FELIX, ContainerKind.EQUINOX},
    late = {
      "org.apache.felix.healthcheck.api",
      "io.penstock.health",
      "io.penstock.metrics",
      "micrometer-commons",
      "micrometer-core",
      "io.penstock.micrometer",
      "io.penstock.jmx",
      "org.apache.felix.eventadmin",
      "io.penstock.eventadmin",
      "io.penstock.operator",
      "org.apache.felix.gogo.runtime",
      "io.penstock.gogo",
      "org.apache.felix.inventory",
      "io.penstock.inventory",
      "io.penstock.console"
    })
abstract class WithOperators {
  private static final List<String> BARE = List.of("io.penstock.api", "io.penstock.impl");

  /** Starts them; returns the bundles that are ours. */
  static List<Bundle> start(BundleContext context) throws InterruptedException {
    level(context, InContainer.LATE);
    List<Bundle> ours =
        active(context).stream()
            .filter(bundle -> !BARE.contains(bundle.getSymbolicName()))
            .toList();
    assertEquals(9, ours.size(), ours::toString);
    return ours;
  }

  /** Stops them. */
  static void stop(BundleContext context) throws InterruptedException {
    level(context, InContainer.LATE - 1);
    assertBare(context);
  }

  /** Fails if one of them is active. */
  static void assertBare(BundleContext context) {
    assertEquals(BARE, active(context).stream().map(Bundle::getSymbolicName).sorted().toList());
  }

  private static void level(BundleContext context, int wanted) throws InterruptedException {
    FrameworkStartLevel level =
        context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).adapt(FrameworkStartLevel.class);
    CountDownLatch reached = new CountDownLatch(1);
    level.setStartLevel(wanted, event -> reached.countDown());
    assertTrue(reached.await(60, TimeUnit.SECONDS), () -> "start level " + wanted);
  }

  private static List<Bundle> active(BundleContext context) {
    return Arrays.stream(context.getBundles())
        .filter(bundle -> bundle.getState() == Bundle.ACTIVE)
        .filter(bundle -> bundle.getSymbolicName().startsWith("io.penstock."))
        .toList();
  }
}
