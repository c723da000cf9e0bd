// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.fuzz.Fuzz;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Endpoints and the options that every kind has: refused in words, or read back as the same. */
class EndpointFuzzTest {
  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    String text = Fuzz.text(data);
    anyValue(text);
    Endpoint endpoint;
    try {
      endpoint = Endpoint.parse(text);
    } catch (IllegalArgumentException e) {
      Fuzz.refused(e);
      return;
    }
    Fuzz.same(endpoint, Endpoint.parse(endpoint.toString()), "read back");
    Endpoint shown = endpoint.anonymous();
    Fuzz.holds(shown.options().isEmpty(), "options are shown");
    Endpoint again = endpoint.withAddress(endpoint.address());
    Fuzz.same(endpoint, again, "with its own address");
    try {
      ChannelOptions options = ChannelOptions.defaults().withAll(endpoint);
      Fuzz.holds(!options.toString().isEmpty(), "options are shown");
    } catch (IllegalArgumentException e) {
      Fuzz.refused(e);
    }
  }

  /** An option may have any value, and an address any text behind its first letter. */
  private static void anyValue(String text) {
    String encoded = URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    Endpoint endpoint = Endpoint.parse("mem:x" + encoded + "?name=" + encoded);
    Fuzz.same("x" + text, endpoint.address(), "address");
    Fuzz.same(Map.of("name", text), endpoint.options(), "options");
    Fuzz.same(endpoint, Endpoint.parse(endpoint.toString()), "any value read back");
  }
}
