// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ChannelPair;
import io.penstock.channel.Endpoint;
import io.penstock.error.StreamTimeoutException;
import io.penstock.fuzz.Connection;
import io.penstock.fuzz.Fuzz;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * What a server may say to a TLS client, in memory: the client is never connected, and never hangs.
 */
class TlsClientFuzzTest {
  private static final Penstock PENSTOCK = Penstock.open();
  // The first handshake loads and instruments hundreds of classes.
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(60));

  static {
    PENSTOCK.provide(new TlsProvider(PENSTOCK.provider("tcp").orElseThrow()));
  }

  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    ChannelPair pair = PENSTOCK.channels().pair(ChannelOptions.defaults());
    try (Channel peer = pair.right();
        Channel below = pair.left()) {
      if (data.length > 0) {
        peer.sink().writeFully(ByteBuffer.wrap(data), SOON);
      }
      peer.sink().end();
      Channel above =
          PENSTOCK
              .channels()
              .over(
                  below,
                  Endpoint.parse("tls://localhost:1?handshakeTimeout=30s"),
                  ChannelOptions.defaults());
      try (above) {
        int n = above.source().read(ByteBuffer.allocate(1), SOON);
        throw new AssertionError("a client is connected to nobody, and reads " + n);
      }
    } catch (StreamTimeoutException e) {
      throw new AssertionError("the client hangs", e);
    } catch (IOException e) {
      Fuzz.holds(e.getMessage() != null, "no message");
    }
    Connection.uncaught();
  }
}
