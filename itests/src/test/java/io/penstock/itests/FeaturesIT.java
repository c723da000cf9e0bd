// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.itests.exam.ContainerKind;
import io.penstock.itests.exam.InContainer;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;

/**
 * Each feature of our file is installed alone in a Karaf without the others, brings its own part
 * and what that needs, and leaves nothing when it goes. Karaf's classes are not on the class path
 * of the tests, so its service is called by reflection.
 */
// Karaf's own distribution boots with these. Half of Karaf is wired to their packages, the tests
// too, and would go with them.
@InContainer(
    value = ContainerKind.KARAF,
    byOptions = true,
    features = {"shell", "eventadmin"})
class FeaturesIT {
  private static final String SERVICE = "org.apache.karaf.features.FeaturesService";

  /** A feature, and what its element in the file has. */
  private record Part(String name, Set<String> needs, Set<String> bundles) {}

  /** Karaf's service; also what it hands out, for whose methods only the interfaces are open. */
  private record Karaf(Object target, Class<?> type) {
    static Karaf service(BundleContext context) throws Exception {
      ServiceReference<?> reference = context.getServiceReference(SERVICE);
      return new Karaf(context.getService(reference), reference.getBundle().loadClass(SERVICE));
    }

    Object ask(String method, Object... arguments) throws Exception {
      Class<?>[] types = Stream.of(arguments).map(Object::getClass).toArray(Class<?>[]::new);
      return type.getMethod(method, types).invoke(target, arguments);
    }

    private List<Karaf> all(String method, String interfaceName) throws Exception {
      Object many = ask(method);
      List<Object> objects =
          many instanceof Object[] array ? List.of(array) : List.copyOf((List<?>) many);
      Class<?> each = type.getClassLoader().loadClass("org.apache.karaf.features." + interfaceName);
      return objects.stream().map(object -> new Karaf(object, each)).toList();
    }

    Map<String, Part> parts() throws Exception {
      Map<String, Part> parts = new TreeMap<>();
      for (Karaf feature : all("listFeatures", "Feature")) {
        String name = (String) feature.ask("getName");
        if (name.matches("penstock(-.*)?")) {
          Set<String> needs = new TreeSet<>();
          for (Karaf each : feature.all("getDependencies", "Dependency")) {
            needs.add((String) each.ask("getName"));
          }
          Set<String> bundles = new TreeSet<>();
          for (Karaf each : feature.all("getBundles", "BundleInfo")) {
            bundles.add((String) each.ask("getLocation"));
          }
          parts.put(name, new Part(name, needs, bundles));
        }
      }
      return parts;
    }
  }

  @Test
  void eachIsInstalledAloneAndLeavesNothing(BundleContext context) throws Exception {
    Karaf karaf = Karaf.service(context);
    Map<String, Part> parts = karaf.parts();
    assertTrue(
        parts.keySet().containsAll(Set.of("penstock", "penstock-ssh", "penstock-tls")),
        parts.keySet()::toString);
    Set<String> ofAnyPart = new HashSet<>();
    parts.values().forEach(part -> ofAnyPart.addAll(part.bundles()));
    // Karaf boots with it, and its log is wired to it: all would go with it when a part of ours
    // goes.
    karaf.ask("installFeature", "eventadmin");
    // It was there when the container was booted.
    karaf.ask("uninstallFeature", "penstock");
    Set<String> before = locations(context);
    assertEquals(List.of(), before.stream().filter(FeaturesIT::isOurs).toList());
    // What Karaf has by itself is of no part.
    ofAnyPart.removeAll(before);

    List<String> wrong = new ArrayList<>();
    for (Part part : parts.values()) {
      karaf.ask("installFeature", part.name());
      Set<String> closure = new TreeSet<>();
      close(part.name(), parts, closure);
      closure.removeAll(before);
      Set<String> here = common(locations(context), ofAnyPart);
      if (!here.equals(closure)) {
        wrong.add(part.name() + ": installed " + here + ", expected " + closure);
      }
      for (Bundle bundle : context.getBundles()) {
        boolean fragment = bundle.getHeaders().get(Constants.FRAGMENT_HOST) != null;
        if (closure.contains(bundle.getLocation())
            && bundle.getState() != (fragment ? Bundle.RESOLVED : Bundle.ACTIVE)) {
          wrong.add(part.name() + ": " + bundle + " is not started");
        }
      }
      karaf.ask("uninstallFeature", part.name());
      Set<String> left = locations(context);
      left.removeAll(before);
      if (!left.isEmpty()) {
        wrong.add(part.name() + " has left " + left);
      }
    }
    assertEquals(List.of(), wrong);
  }

  /** A part with its own bundle, and no part's bundle in another's feature. */
  @Test
  void eachHasItsOwnPartOnly(BundleContext context) throws Exception {
    Map<String, Part> parts = Karaf.service(context).parts();
    for (Part part : parts.values()) {
      Set<String> ours =
          part.bundles().stream()
              .filter(FeaturesIT::isOurs)
              .map(location -> location.split("/")[1])
              .collect(Collectors.toCollection(TreeSet::new));
      if (part.name().equals("penstock")) {
        assertEquals(Set.of("io.penstock.api", "io.penstock.impl"), ours);
        assertEquals(2, part.bundles().size(), () -> "penstock has " + part.bundles());
      } else {
        // What is for Karaf only says so.
        assertTrue(
            ours.isEmpty()
                || Stream.of("io.penstock.", "io.penstock.karaf.")
                    .map(prefix -> Set.of(part.name().replace("penstock-", prefix)))
                    .anyMatch(ours::equals),
            () -> part.name() + " has " + ours);
        assertTrue(
            part.needs().stream().anyMatch(parts::containsKey),
            () -> part.name() + " needs no other of " + parts.keySet());
      }
    }
  }

  /** By a file in Karaf's {@code etc}, as operators configure it there. */
  @Test
  void theOperatorsPageIsServed(BundleContext context, @TempDir Path folder) throws Exception {
    Karaf karaf = Karaf.service(context);
    karaf.ask("installFeature", "penstock-console");
    Path etc = Path.of(System.getProperty("karaf.etc"), "io.penstock.Page.cfg");
    Path file = folder.resolve("url");
    try (WatchService watch = folder.getFileSystem().newWatchService()) {
      folder.register(
          watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
      Files.writeString(etc, "address = 127.0.0.1:0\ntokenFile = " + file + "\n");
      String url = "";
      while (!url.endsWith("\n")) {
        WatchKey changed = watch.poll(60, TimeUnit.SECONDS);
        assertNotNull(changed, "no page");
        changed.pollEvents();
        changed.reset();
        url = Files.exists(file) ? Files.readString(file) : "";
      }
      HttpURLConnection entered = (HttpURLConnection) new URL(url.strip()).openConnection();
      entered.setInstanceFollowRedirects(false);
      assertEquals(303, entered.getResponseCode());
      URL data = new URL(url.replaceFirst("\\?.*\\s*", "data.json"));
      assertEquals(401, ((HttpURLConnection) data.openConnection()).getResponseCode());
      HttpURLConnection told = (HttpURLConnection) data.openConnection();
      told.setRequestProperty("Cookie", entered.getHeaderField("Set-Cookie").split(";")[0]);
      try (InputStream in = told.getInputStream()) {
        String all = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(all.contains("\"pipes\":["), all);
      }
    } finally {
      Files.deleteIfExists(etc);
      karaf.ask("uninstallFeature", "penstock-console");
    }
  }

  private static boolean isOurs(String location) {
    return location.startsWith("mvn:io.penstock/");
  }

  /** The bundles of a feature and of those of ours that it needs. */
  private static void close(String name, Map<String, Part> parts, Set<String> closure) {
    Part part = parts.get(name);
    if (part != null) {
      closure.addAll(part.bundles());
      part.needs().forEach(each -> close(each, parts, closure));
    }
  }

  private static Set<String> locations(BundleContext context) {
    return Stream.of(context.getBundles())
        .map(Bundle::getLocation)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> common(Set<String> some, Set<String> others) {
    Set<String> common = new TreeSet<>(some);
    common.retainAll(others);
    return common;
  }
}
