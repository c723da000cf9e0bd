// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Services;
import io.penstock.runtime.PenstockRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javax.management.AttributeNotFoundException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.felix.hc.api.HealthCheck;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/** Asks every part for all that it tells, once a second, and watches the page, until it ends. */
final class Asking {
  private static final String CHECKS = "(hc.tags=penstock)";

  private final MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final PenstockRuntime runtime;
  private final List<HealthCheck> checks;
  private final Configuration page;
  private final HttpURLConnection browser;
  private final AtomicInteger rounds = new AtomicInteger();
  private final AtomicLong news = new AtomicLong();
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private final ScheduledFuture<?> asking;
  private final CompletableFuture<Void> watching;

  /**
   * Begins to ask.
   *
   * @param warmUps how often all is asked for before that
   */
  Asking(BundleContext context, Path folder, int warmUps) throws Exception {
    runtime = Services.any(context, PenstockRuntime.class, "");
    Services.any(context, MeterBinder.class, "").bindTo(meters);
    checks =
        context.getServiceReferences(HealthCheck.class, CHECKS).stream()
            .map(context::getService)
            .toList();
    assertEquals(7, checks.size());
    ConfigurationAdmin admin = Services.any(context, ConfigurationAdmin.class, "");
    page = admin.getConfiguration("io.penstock.Page", "?");
    browser = open(page, folder);
    for (int i = 0; i < warmUps; i++) {
      ask();
    }
    rounds.set(0);
    asking = clock.scheduleWithFixedDelay(this::ask, 0, 1, TimeUnit.SECONDS);
    watching = CompletableFuture.runAsync(this::watch);
  }

  /** Has the page started; returns its stream of news, of which nothing was read. */
  private static HttpURLConnection open(Configuration page, Path folder) throws Exception {
    Path file = folder.resolve("url");
    try (WatchService changes = folder.getFileSystem().newWatchService()) {
      folder.register(changes, StandardWatchEventKinds.ENTRY_MODIFY);
      Configurations.update(page, Map.of("address", "127.0.0.1:0", "tokenFile", file.toString()));
      while (!Files.exists(file) || Files.size(file) == 0) {
        WatchKey change = changes.poll(20, TimeUnit.SECONDS);
        assertNotNull(change, "the page has not started");
        change.reset();
      }
    }
    URI url = URI.create(Files.readString(file).strip());
    HttpURLConnection login = (HttpURLConnection) url.toURL().openConnection();
    login.setInstanceFollowRedirects(false);
    // Otherwise the JDK keeps the connection for some seconds, if the answer has not come as a
    // whole.
    login.setRequestProperty("Connection", "close");
    String cookie = login.getHeaderField("Set-Cookie").replaceAll(";.*", "");
    login.disconnect();
    HttpURLConnection stream =
        (HttpURLConnection) url.resolve("/events.stream").toURL().openConnection();
    stream.setRequestProperty("Cookie", cookie);
    assertEquals(200, stream.getResponseCode());
    return stream;
  }

  /** How often all was asked for. */
  int rounds() {
    return rounds.get();
  }

  /** How many bytes of news the page has sent. */
  long news() {
    return news.get();
  }

  private void ask() {
    try {
      runtime.runtime();
      meters.getMeters().forEach(meter -> meter.measure().forEach(each -> each.getValue()));
      checks.forEach(HealthCheck::execute);
      for (ObjectName each : beans.queryNames(new ObjectName("io.penstock:*"), null)) {
        try {
          for (MBeanAttributeInfo attribute : beans.getMBeanInfo(each).getAttributes()) {
            beans.getAttribute(each, attribute.getName());
          }
        } catch (InstanceNotFoundException | AttributeNotFoundException gone) {
          // With its object, since the names were asked for.
        }
      }
      rounds.incrementAndGet();
    } catch (JMException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Asks no more, once what it waits for is over. */
  void end() throws Exception {
    clock.shutdown();
    browser.disconnect();
    page.delete();
    watching.get(20, TimeUnit.SECONDS);
    assertTrue(clock.awaitTermination(20, TimeUnit.SECONDS), "a look does not return");
    if (asking.isDone() && !asking.isCancelled()) {
      asking.get();
    }
  }

  private void watch() {
    try (InputStream in = browser.getInputStream()) {
      byte[] some = new byte[1 << 16];
      for (int n = in.read(some); n >= 0; n = in.read(some)) {
        news.addAndGet(n);
      }
    } catch (IOException gone) {
      // The page ends its streams.
    }
  }
}
