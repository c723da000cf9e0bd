// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.RequireScheme;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderFactory;
import io.penstock.standalone.Penstock;
import java.io.File;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A bundle declares a capability for each scheme that it serves, and for no other. */
class SchemesIT {
  private static final Pattern DECLARED =
      Pattern.compile(RequireScheme.NAMESPACE + ";" + RequireScheme.NAMESPACE + "=\"?([a-z-]+)");

  private static Path jar(Class<?> type) throws Exception {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private static SortedSet<String> declared(Path jar) throws Exception {
    try (JarFile file = new JarFile(jar.toFile())) {
      String header = file.getManifest().getMainAttributes().getValue("Provide-Capability");
      SortedSet<String> schemes = new TreeSet<>();
      Matcher each = DECLARED.matcher(header == null ? "" : header);
      while (each.find()) {
        assertTrue(schemes.add(each.group(1)), each::group);
      }
      return schemes;
    }
  }

  @Test
  void everySchemeIsDeclaredByTheBundleThatServesIt() throws Exception {
    Map<Path, SortedSet<String>> served = new TreeMap<>();
    ChannelProvider another =
        (ChannelProvider)
            Proxy.newProxyInstance(
                SchemesIT.class.getClassLoader(),
                new Class<?>[] {ChannelProvider.class},
                (proxy, method, arguments) -> {
                  throw new AssertionError("a kind that is only made calls " + method);
                });
    try (Penstock penstock = Penstock.open()) {
      SortedSet<String> all = new TreeSet<>(penstock.channels().schemes());
      for (ProviderFactory factory : ServiceLoader.load(ProviderFactory.class)) {
        Optional<ChannelProvider> provider = factory.create(scheme -> Optional.of(another));
        SortedSet<String> own = new TreeSet<>(provider.orElseThrow().schemes());
        if (provider.get() instanceof AutoCloseable open) {
          open.close();
        }
        served.put(jar(factory.getClass()), own);
        all.removeAll(own);
      }
      served.put(jar(Penstock.class), all);
    }
    assertTrue(served.size() >= 6, () -> "too few bundles: " + served.keySet());
    for (Map.Entry<Path, SortedSet<String>> each : served.entrySet()) {
      assertEquals(each.getValue(), declared(each.getKey()), () -> "" + each.getKey());
    }
    // Who serves none declares none.
    for (String name : System.getProperty("java.class.path").split(File.pathSeparator)) {
      Path entry = Path.of(name).toAbsolutePath().normalize();
      if (served.containsKey(entry) || !name.endsWith(".jar")) {
        continue;
      }
      if (entry.getFileName().toString().startsWith("io.penstock.")) {
        assertEquals(new TreeSet<String>(), declared(entry), name);
      }
    }
  }
}
