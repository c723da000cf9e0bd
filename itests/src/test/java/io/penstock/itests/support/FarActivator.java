// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Listener;
import io.penstock.remote.Connector;
import io.penstock.stream.Wait;
import java.time.Duration;
import java.util.Map;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.util.tracker.ServiceTracker;

/**
 * The bundle in a {@link FarFramework}. It exports the listener {@code far}, answers the first line
 * of its first peer, and passes that line on to {@code near}, which it imports.
 */
public final class FarActivator implements BundleActivator {
  /** The framework's property that says where a server of NATS is. */
  static final String SERVER = "penstock.itests.server";

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Wait SOON = Wait.upTo(PATIENCE);

  private Thread thread;

  @Override
  public void start(BundleContext context) throws Exception {
    configure(
        context,
        "io.penstock.Remote",
        "it",
        Map.of("servers", context.getProperty(SERVER), "replicas", "1"));
    configure(
        context,
        "io.penstock.Listener",
        "far",
        Map.of(
            "endpoint", "tcp-listen://127.0.0.1:0",
            "rank", "4",
            "tags", "zone=far",
            "service.exported.interfaces", "*"));
    thread = new Thread(() -> converse(context), "far");
    thread.setDaemon(true);
    thread.start();
  }

  private static void configure(
      BundleContext context, String factoryPid, String name, Map<String, ?> values)
      throws Exception {
    await(context, ConfigurationAdmin.class, "")
        .getFactoryConfiguration(factoryPid, name, "?")
        .update(FrameworkUtil.asDictionary(values));
  }

  private static void converse(BundleContext context) {
    try (Channel peer = await(context, Listener.class, "(penstock.name=far)").accept(SOON)) {
      peer.source().readWait(SOON);
      String line = peer.source().readLine(UTF_8, 100);
      peer.sink().writeFully("far " + line + "\n", SOON);
      Connector near =
          await(context, Connector.class, "(&(penstock.name=near)(service.imported=*))");
      try (Channel channel = near.open(ChannelOptions.defaults(), SOON)) {
        channel.sink().writeFully("passed on: " + line + "\n", SOON);
      }
    } catch (Exception problem) {
      throw new IllegalStateException("the conversation has failed", problem);
    }
  }

  /** Waits for a service. It is asked for as long as the bundle is there. */
  private static <T> T await(BundleContext context, Class<T> type, String filter) throws Exception {
    String whole = "(&(objectClass=" + type.getName() + ")" + filter + ")";
    ServiceTracker<T, T> tracker = new ServiceTracker<>(context, context.createFilter(whole), null);
    tracker.open();
    T service = tracker.waitForService(PATIENCE.toMillis());
    if (service == null) {
      throw new IllegalStateException("no service " + whole);
    }
    return service;
  }

  @Override
  public void stop(BundleContext context) throws InterruptedException {
    // It has said its last word, and may still be closing its channels.
    thread.join(2_000);
  }
}
