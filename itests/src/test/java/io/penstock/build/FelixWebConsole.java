// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.penstock.itests.exam.ClassPathBundles;
import io.penstock.itests.exam.FrameworkLoader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;
import org.osgi.util.tracker.ServiceTracker;

/** Felix with its Web Console and Penstock, at a port of its own on this machine. */
final class FelixWebConsole {
  static final HttpClient CLIENT = HttpClient.newHttpClient();

  private static final long PATIENCE = 30_000;

  private final FrameworkLoader loader;
  private final Framework framework;
  private String address;

  private FelixWebConsole(Path storage) throws Exception {
    loader = FrameworkLoader.felix();
    framework =
        loader
            .factory()
            .newFramework(
                Map.of(
                    Constants.FRAMEWORK_STORAGE,
                    storage.toString(),
                    "felix.service.urlhandlers",
                    "false",
                    "org.osgi.service.http.port",
                    "0",
                    "org.apache.felix.http.host",
                    "127.0.0.1",
                    // slf4j, which finds nobody to log to, needs no mediator.
                    Constants.FRAMEWORK_SYSTEMCAPABILITIES_EXTRA,
                    "osgi.extender;osgi.extender=osgi.serviceloader.processor;version:Version=1.0,"
                        + "osgi.serviceloader;osgi.serviceloader=org.slf4j.spi.SLF4JServiceProvider"));
  }

  /**
   * Boots one.
   *
   * @param storage of the framework
   * @param more bundles by their symbolic names, started last
   */
  static FelixWebConsole boot(Path storage, String... more) throws Exception {
    FelixWebConsole made = new FelixWebConsole(storage);
    try {
      made.start(more);
    } catch (Exception | AssertionError e) {
      made.shutDown();
      throw e;
    }
    return made;
  }

  private void start(String... more) throws Exception {
    framework.init();
    List<Bundle> bundles = new ArrayList<>();
    try (Stream<Path> files = Files.list(Path.of("target", "web-console"))) {
      for (Path file : files.toList()) {
        bundles.add(context().installBundle(file.toUri().toString()));
      }
    }
    Stream<String> always =
        Stream.of(
            "org.osgi.util.function",
            "org.osgi.util.promise",
            "org.osgi.service.component",
            "org.apache.felix.configadmin",
            "org.apache.felix.log",
            "org.apache.felix.metatype",
            "org.apache.felix.scr",
            "io.penstock.api",
            "io.penstock.impl");
    for (String name : Stream.concat(always, Stream.of(more)).toList()) {
      bundles.add(context().installBundle(ClassPathBundles.url(name)));
    }
    framework.start();
    for (Bundle bundle : bundles) {
      bundle.start();
    }
    ServiceReference<?> http =
        await("(objectClass=org.osgi.service.servlet.runtime.HttpServiceRuntime)");
    address = ((String[]) http.getProperty("osgi.http.endpoint"))[0];
  }

  BundleContext context() {
    return framework.getBundleContext();
  }

  /** Where the server is, with a slash at the end. */
  String address() {
    return address;
  }

  /** Waits for a service. */
  ServiceReference<?> await(String filter) throws Exception {
    BundleContext context = context();
    ServiceTracker<Object, ServiceReference<Object>> tracker =
        new ServiceTracker<>(context, context.createFilter(filter), null) {
          @Override
          public ServiceReference<Object> addingService(ServiceReference<Object> reference) {
            return reference;
          }
        };
    tracker.open(true);
    try {
      ServiceReference<Object> reference = tracker.waitForService(PATIENCE);
      assertNotNull(reference, () -> "no service " + filter);
      return reference;
    } finally {
      tracker.close();
    }
  }

  /** A request of somebody who has not logged in. */
  HttpRequest.Builder asStranger(String path) {
    return HttpRequest.newBuilder(URI.create(address + "system/console/" + path))
        .timeout(Duration.ofMillis(PATIENCE));
  }

  /** A request of the console's administrator. */
  HttpRequest.Builder asAdministrator(String path) {
    return asStranger(path)
        .header(
            "Authorization",
            "Basic " + Base64.getEncoder().encodeToString("admin:admin".getBytes(UTF_8)));
  }

  static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return CLIENT.send(request.build(), BodyHandlers.ofString(UTF_8));
  }

  void shutDown() throws Exception {
    framework.stop();
    framework.waitForStop(PATIENCE);
    loader.close();
  }
}
