// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the control socket of a user is, if nothing else is said: for {@code run}, which makes it,
 * and for {@code ctl}. Stateless.
 */
final class ControlPath {
  private static final String RUNTIME = "XDG_RUNTIME_DIR";

  private ControlPath() {}

  /**
   * The places in this process's surroundings, see {@link #of}.
   *
   * @return one or two
   */
  static List<Path> here() {
    return of(
        System.getenv(RUNTIME),
        System.getProperty("java.io.tmpdir", "/tmp"),
        System.getProperty("user.name", "?"));
  }

  /**
   * The places. A session of a user has a folder for such files, and a service of the same user may
   * have none: so {@code ctl} looks at both.
   *
   * @param runtime the user's folder for sockets, as the XDG Base Directory Specification has it;
   *     null if there is none
   * @param temporary the folder for temporary files
   * @param user the user's name
   * @return the first one is the one to be made
   */
  static List<Path> of(@Nullable String runtime, String temporary, String user) {
    List<Path> places = new ArrayList<>();
    // By the specification a path that is not absolute is none.
    if (runtime != null && runtime.startsWith("/") && Files.isDirectory(Path.of(runtime))) {
      places.add(Path.of(runtime, "penstock.sock"));
    }
    String safe = user.replaceAll("[^A-Za-z0-9._-]", "_");
    places.add(Path.of(temporary, "penstock-" + safe + ".sock"));
    return places;
  }

  /**
   * The place where a container listens, or the first one.
   *
   * @param places as {@link #of} gives them
   */
  static Path existing(List<Path> places) {
    return places.stream().filter(Files::exists).findFirst().orElse(places.get(0));
  }

  /**
   * Whether a file is another user's: in a folder that all users write to, anybody may make one.
   *
   * @param file may be there or not
   * @param user the name of this process's user
   */
  static boolean isForeign(Path file, String user) {
    try {
      return Files.exists(file) && !Files.getOwner(file).getName().equals(owner(user));
    } catch (IOException | UnsupportedOperationException e) {
      // Then it is for the connection to say what is wrong.
      return false;
    }
  }

  /** As the system names the user, which may be a number only. */
  private static String owner(String user) throws IOException {
    Path self = Path.of("/proc/self");
    return Files.exists(self) ? Files.getOwner(self).getName() : user;
  }
}
