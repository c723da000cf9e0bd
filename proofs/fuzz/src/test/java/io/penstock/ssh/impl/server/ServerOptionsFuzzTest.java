// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.fuzz.Fuzz;
import java.io.IOException;

/** The options of {@code ssh-listen:}: refused in words, or usable. */
class ServerOptionsFuzzTest {
  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    try {
      Endpoint endpoint = Endpoint.parse("ssh-listen:" + Fuzz.text(data));
      ServerOptions options =
          ServerOptions.of(endpoint, ChannelOptions.defaults().withAll(endpoint));
      Fuzz.holds(options.window() > 0, "no window");
    } catch (IllegalArgumentException e) {
      Fuzz.refused(e);
    } catch (IOException e) {
      Fuzz.holds(e.getMessage() != null, "refused without a reason");
    }
  }
}
