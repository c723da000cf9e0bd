// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.fuzz.Connection;
import io.penstock.fuzz.Fuzz;
import io.penstock.fuzz.Scratch;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a client may say to a TLS server before and in the handshake: it costs that connection only.
 */
class TlsServerFuzzTest {
  private static final Penstock PENSTOCK = Penstock.open();
  private static final int PORT = listen();

  private static int listen() {
    PENSTOCK.provide(new TlsProvider(PENSTOCK.provider("tcp").orElseThrow()));
    Path keys = Scratch.path("keys.p12");
    Path password = Scratch.path("password");
    try {
      Files.writeString(password, "changeit\n");
      int status =
          new ProcessBuilder(
                  List.of(
                      System.getProperty("java.home") + "/bin/keytool",
                      "-genkeypair",
                      "-keyalg",
                      "EC",
                      "-dname",
                      "CN=localhost",
                      "-storepass",
                      "changeit",
                      "-keystore",
                      keys.toString()))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor();
      Fuzz.same(0, status, "keytool");
      Listener listener =
          PENSTOCK
              .channels()
              .listen(
                  Endpoint.parse(
                      "tls-listen://127.0.0.1:0?handshakeTimeout=2s&protocols=TLSv1.3,TLSv1.2&key="
                          + keys
                          + "&keyPasswordFile="
                          + password),
                  ChannelOptions.defaults());
      String address = listener.endpoint().address();
      return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    try {
      Connection.say(PORT, data);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
