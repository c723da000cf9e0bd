// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.wiring.FrameworkWiring;

/** The product's names, as its users spell them. */
public final class Penstock {

  /** Factory PID of named pipes. */
  public static final String PIPE = "io.penstock.Pipe";

  /** Factory PID of channels. */
  public static final String CHANNEL = "io.penstock.Channel";

  /** Factory PID of listeners. */
  public static final String LISTENER = "io.penstock.Listener";

  /** Factory PID of relays. */
  public static final String RELAY = "io.penstock.Relay";

  private Penstock() {}

  /** The implementation bundle. */
  public static Bundle implementation(BundleContext context) {
    return bundle(context, "io.penstock.impl");
  }

  /** A bundle by its symbolic name. */
  public static Bundle bundle(BundleContext context, String symbolicName) {
    return Stream.of(context.getBundles())
        .filter(bundle -> symbolicName.equals(bundle.getSymbolicName()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no bundle " + symbolicName));
  }

  /** Refreshes bundles that were updated or uninstalled, and waits until the framework has. */
  public static void refresh(BundleContext context) throws InterruptedException {
    refresh(context, null);
  }

  /** Refreshes these bundles, and waits until the framework has. */
  public static void refresh(BundleContext context, Collection<Bundle> bundles)
      throws InterruptedException {
    CountDownLatch refreshed = new CountDownLatch(1);
    context
        .getBundle(Constants.SYSTEM_BUNDLE_LOCATION)
        .adapt(FrameworkWiring.class)
        .refreshBundles(bundles, event -> refreshed.countDown());
    assertTrue(refreshed.await(20, TimeUnit.SECONDS), "the framework refreshes");
  }
}
