// SPDX-License-Identifier: Apache-2.0
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * Prints the home of a JDK of at least the given feature version: the one that runs this, or else
 * the newest of this machine's. Prints nothing, and says so, when there is none.
 */
public final class FindJdk {
  private static final Path ALL = Path.of("/usr/lib/jvm");

  private FindJdk() {}

  public static void main(String[] arguments) throws IOException {
    int least = Integer.parseInt(arguments[0]);
    if (Runtime.version().feature() >= least) {
      System.out.print(System.getProperty("java.home"));
      return;
    }
    Path best = null;
    int newest = least - 1;
    for (Path home : homes()) {
      int feature = feature(home);
      if (feature > newest) {
        best = home;
        newest = feature;
      }
    }
    if (best == null) {
      System.err.println(
          "no JDK " + least + " or later here: " + arguments[1] + " is left out of the jar");
    } else {
      System.out.print(best);
    }
  }

  private static List<Path> homes() throws IOException {
    if (!Files.isDirectory(ALL)) {
      return List.of();
    }
    try (Stream<Path> found = Files.list(ALL)) {
      List<Path> homes =
          new ArrayList<>(
              found.filter(home -> Files.isExecutable(home.resolve("bin/javac"))).toList());
      Collections.sort(homes);
      return homes;
    }
  }

  /** The feature version in the JDK's release file, 0 if it has none. */
  private static int feature(Path home) throws IOException {
    Path release = home.resolve("release");
    if (!Files.isReadable(release)) {
      return 0;
    }
    Properties properties = new Properties();
    try (var in = Files.newInputStream(release)) {
      properties.load(in);
    }
    String version = properties.getProperty("JAVA_VERSION", "0").replace("\"", "");
    return Integer.parseInt(version.split("[^0-9]", 2)[0]);
  }
}
