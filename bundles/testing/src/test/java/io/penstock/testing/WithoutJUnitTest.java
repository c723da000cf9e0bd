// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Who uses the package itself gets no test framework, on any sort of path. */
class WithoutJUnitTest {
  private static final Path CLASSES = Path.of("target/classes");
  private static final Pattern FRAMEWORK =
      Pattern.compile("(org\\.junit[.\\w]*|org\\.opentest4j[.\\w]*)([^,]*)");

  /** What a user's program does; run with nothing else on the class path. */
  public static final class Program implements Callable<String> {
    @Override
    public String call() throws Exception {
      try (Penstock penstock = Penstock.open();
          TestChannel channel = TestChannel.open(penstock.channels())) {
        channel.put("tea\n");
        String line = channel.source().readLine(StandardCharsets.UTF_8, 99);
        channel.sink().writeFully(line, Wait.none());
        return channel.getText();
      }
    }
  }

  private static URL location(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation();
  }

  @Test
  void testChannelRunsOnClassPathWithoutJUnit() throws Exception {
    URL[] path = {
      location(Channel.class),
      location(Penstock.class),
      location(TestChannel.class),
      location(Program.class)
    };
    try (URLClassLoader bare = new URLClassLoader(path, ClassLoader.getPlatformClassLoader())) {
      assertThrows(ClassNotFoundException.class, () -> bare.loadClass(Test.class.getName()));
      Object program =
          bare.loadClass(Program.class.getName()).getDeclaredConstructor().newInstance();
      assertEquals("tea", ((Callable<?>) program).call());
    }
  }

  @Test
  void frameworkResolvesTheBundleWithoutJUnit() throws IOException {
    try (InputStream in = Files.newInputStream(CLASSES.resolve("META-INF/MANIFEST.MF"))) {
      String imports = new Manifest(in).getMainAttributes().getValue("Import-Package");
      Matcher each = FRAMEWORK.matcher(imports.replaceAll("\"[^\"]*\"", ""));
      int count = 0;
      for (; each.find(); count++) {
        assertTrue(each.group(2).contains("resolution:=optional"), each.group());
      }
      assertTrue(count > 0, imports);
    }
  }

  @Test
  void moduleIsFoundWithoutJUnit() throws IOException {
    try (InputStream in = Files.newInputStream(CLASSES.resolve("module-info.class"))) {
      List<ModuleDescriptor.Requires> frameworks =
          ModuleDescriptor.read(in).requires().stream()
              .filter(each -> FRAMEWORK.matcher(each.name()).matches())
              .toList();
      assertTrue(frameworks.size() > 0);
      for (ModuleDescriptor.Requires each : frameworks) {
        assertTrue(
            each.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC), each::toString);
      }
    }
  }
}
