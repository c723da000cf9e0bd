// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Handle;
import io.penstock.channel.HandlePair;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.channel.facet.HandleFacet;
import io.penstock.impl.posix.Modes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.poller.Poller;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Children get their three streams, and nothing else that is open here. */
// Closes before the end of a block are what is tried.
@SuppressWarnings("try")
class InheritedDescriptorsTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions DEFAULTS = ChannelOptions.defaults();

  private static final long CLOSE_ON_EXEC = 02000000;

  @TempDir Path folder;

  private static Stream<String> modes() {
    return Modes.all().map(PosixAccess::wish);
  }

  @ParameterizedTest
  @MethodSource("modes")
  void childrenInheritTheirStreamsOnly(String mode) throws Exception {
    Endpoint listening = Endpoint.parse("unix-listen:" + folder.resolve("s") + "?handles=true");
    Endpoint there = Endpoint.parse("unix:" + listening.address() + "?handles=true");
    try (Penstock penstock = Modes.open(mode);
        Listener listener = penstock.channels().listen(listening, DEFAULTS);
        Channel near = penstock.channels().open(there, DEFAULTS, SOON);
        Channel far = listener.accept(SOON);
        Listener tcp =
            penstock.channels().listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), DEFAULTS);
        Handle handle = tcp.facet(DescriptorFacet.class).orElseThrow().handle();
        Channel cat = penstock.channels().open(Endpoint.parse("exec:cat"), DEFAULTS, SOON);
        Poller poller = penstock.poller()) {
      HandlePair pipe = penstock.channels().handles().pipe();
      try (Channel out = pipe.sink().channel(DEFAULTS);
          Handle end = pipe.source()) {
        far.facet(HandleFacet.class)
            .orElseThrow()
            .send(ByteBuffer.wrap(new byte[1]), SOON, handle, end);
        near.source().read(ByteBuffer.allocate(1), SOON);
        poller.register(cat.source(), Framing.bytes());
        poller.poll(Wait.none());
        // One of them taken, one waiting.
        try (Handle taken = near.facet(HandleFacet.class).orElseThrow().take().orElseThrow();
            Channel ls =
                penstock.channels().open(Endpoint.parse("exec:ls /proc/self/fd"), DEFAULTS, SOON)) {
          // The fourth is that of the folder that it lists.
          assertEquals(
              List.of("0", "1", "2", "3"),
              UTF_8.decode(ls.source().readAll(1 << 16, SOON)).toString().lines().toList());
          // Marked, and not only closed by the starting code: native code starts children, too.
          for (Handle each : List.of(taken, handle, end)) {
            each.lend(number -> assertTrue(closesOnExec(number)));
          }
        }
      }
    }
  }

  private static boolean closesOnExec(int number) {
    try {
      String flags = Files.readString(Path.of("/proc/self/fdinfo/" + number));
      String octal = flags.replaceAll("(?s).*flags:\\s*(\\d+).*", "$1");
      return (Long.parseLong(octal, 8) & CLOSE_ON_EXEC) != 0;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
