// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.HandshakeException;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.time.Duration;

/**
 * A program that connects to the endpoint of its argument, and says {@code connected}, or {@code
 * refused} and why.
 */
final class SystemTrustProgram {
  private SystemTrustProgram() {}

  /** Connects once. */
  public static void main(String[] args) throws Exception {
    try (Penstock penstock = Penstock.open()) {
      Wait soon = Wait.upTo(Duration.ofSeconds(20));
      try (Channel channel =
          penstock.channels().open(Endpoint.parse(args[0]), ChannelOptions.defaults(), soon)) {
        channel.sink().writeFully("x", soon);
        System.out.println("connected");
      } catch (HandshakeException e) {
        System.out.println("refused: " + e.getMessage());
      }
    }
  }
}
