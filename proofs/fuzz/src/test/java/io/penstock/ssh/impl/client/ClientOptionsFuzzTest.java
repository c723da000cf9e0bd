// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.fuzz.Fuzz;
import java.io.IOException;

/** The options of {@code ssh:}: refused in words, or usable. */
class ClientOptionsFuzzTest {
  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    try {
      Endpoint endpoint = Endpoint.parse("ssh:" + Fuzz.text(data));
      ClientOptions options =
          ClientOptions.of(endpoint, ChannelOptions.defaults().withAll(endpoint));
      Fuzz.holds(!options.login().where().host().isEmpty(), "no host");
    } catch (IllegalArgumentException e) {
      Fuzz.refused(e);
    } catch (IOException e) {
      Fuzz.holds(e.getMessage() != null, "refused without a reason");
    }
  }
}
