// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** A program that says how it makes native calls, and uses a channel. */
public final class PosixMain {
  private PosixMain() {}

  /** Prints the mode, and what came back from a peer. */
  public static void main(String[] arguments) throws Exception {
    Wait soon = Wait.upTo(Duration.ofSeconds(20));
    try (Penstock penstock = Penstock.open();
        var echo =
            penstock.channels().open(Endpoint.parse("echo:"), ChannelOptions.defaults(), soon)) {
      penstock.channels().listen("tcp-listen://127.0.0.1:0").close();
      penstock.channels().open("exec:true").close();
      echo.sink().writeFully("works\n", soon);
      System.out.println(
          penstock.channels().nativeMode()
              + " "
              + echo.source().readLine(StandardCharsets.UTF_8, 80, Terminator.STRIP, soon));
    }
  }
}
