// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.fuzz.Fuzz;

/** The options of TLS: refused in words, or usable. */
class TlsOptionsFuzzTest {
  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    for (String scheme : new String[] {"tls:", "tls-listen:"}) {
      try {
        Endpoint endpoint = Endpoint.parse(scheme + Fuzz.text(data));
        TlsOptions options = TlsOptions.of(endpoint, ChannelOptions.defaults().withAll(endpoint));
        Fuzz.holds(!options.handshakeTimeout().isNegative(), "a limit below zero");
      } catch (IllegalArgumentException e) {
        Fuzz.refused(e);
      }
    }
  }
}
