// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.fuzz.Fuzz;
import io.penstock.fuzz.Keys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Files of authorized keys: never an exception, and nobody is let in by a key that is not there.
 * Options that are taken have the form of options: a file alone would not show those without a
 * quote at their end, because the key behind them belongs to the value then.
 */
class AuthorizedKeysFuzzTest {
  private static final Path FILE = Keys.file("authorized_keys");
  private static final String OPTION = "[A-Za-z0-9-]+(=\"[^\"]*\")?";
  private static final Pattern OPTIONS = Pattern.compile("(" + OPTION + "(," + OPTION + ")*)?");

  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    try {
      Files.write(FILE, Keys.put(data));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    AuthorizedKeys keys = new AuthorizedKeys("fuzz", FILE, false);
    InetAddress peer = InetAddress.getLoopbackAddress();
    KeyOptions found = keys.find(Keys.KEY, peer);
    if (found != null) {
      boolean unused = found.mayOpen("localhost", 22);
      unused = found.mayListen("127.0.0.1", 22);
    }
    Fuzz.holds(keys.find(Keys.STRANGER, peer) == null, "a key is let in that is not there");
    try {
      keys.check();
    } catch (IOException e) {
      Fuzz.holds(e.getMessage() != null, "refused without a reason");
    }
    for (String line : Fuzz.lines(data)) {
      options(line.endsWith(" KEY") ? line.substring(0, line.length() - " KEY".length()) : line);
    }
  }

  private static void options(String text) {
    KeyOptions read;
    try {
      read = KeyOptions.parse(text);
    } catch (IllegalArgumentException e) {
      Fuzz.refused(e);
      return;
    }
    // A quote behind a backslash is one of the value's letters.
    boolean formed = OPTIONS.matcher(text.replace("\\\"", "_")).matches();
    Fuzz.holds(formed, "options are taken that are none: " + read);
  }
}
