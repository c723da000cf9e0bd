// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.fuzz.Fuzz;
import io.penstock.fuzz.Keys;
import io.penstock.ssh.impl.Where;
import io.penstock.ssh.impl.client.ClientOptions.HostKeyChecking;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Files of known hosts: never an exception, and never trust in a key that is not in the file. The
 * two keys that are known stand for {@code KEY} and {@code OTHER}.
 */
class KnownHostsFuzzTest {
  private static final Path FILE = Keys.file("known_hosts");

  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    byte[] whole = Keys.put(data);
    HostKeys known = new HostKeys(FILE, HostKeyChecking.YES);
    try {
      Files.write(FILE, whole);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (Where where : Keys.PLACES) {
      String refused = known.check(where, Keys.KEY);
      Fuzz.holds(refused == null || !refused.isEmpty(), "refused without a reason");
      Fuzz.holds(known.check(where, Keys.STRANGER) != null, "a key is trusted that is not there");
      Fuzz.holds(known.knownTypes(where) != null, "no types");
    }
  }
}
