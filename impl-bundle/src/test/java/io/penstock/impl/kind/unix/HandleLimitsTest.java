// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Handle;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.channel.facet.HandleFacet;
import io.penstock.error.HandleLimitException;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.posix.Modes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What handles cannot do, and how that is told. */
class HandleLimitsTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions DEFAULTS = ChannelOptions.defaults();

  @TempDir Path folder;

  private static Stream<String> modes() {
    return Modes.all().map(PosixAccess::wish);
  }

  private static HandleFacet facet(Channel channel) {
    return channel.facet(HandleFacet.class).orElseThrow();
  }

  @ParameterizedTest
  @MethodSource("modes")
  void floodThatNobodyTakesIsClosedAndTold(String mode) throws Exception {
    Endpoint listening = Endpoint.parse("unix-listen:" + folder.resolve("s") + "?handles=true");
    Endpoint there = Endpoint.parse("unix:" + listening.address() + "?handles=true");
    try (Penstock penstock = Modes.open(mode);
        Listener listener = penstock.channels().listen(listening, DEFAULTS);
        Channel near = penstock.channels().open(there, DEFAULTS, SOON);
        Channel far = listener.accept(SOON);
        Handle handle = near.facet(DescriptorFacet.class).orElseThrow().handle()) {
      Handle[] most = new Handle[HandleFacet.MAX_HANDLES];
      Arrays.fill(most, handle);
      int fit = HandleFacet.MAX_WAITING / HandleFacet.MAX_HANDLES;
      long before = Peers.descriptors();
      ByteBuffer one = ByteBuffer.allocate(1);
      for (int i = 0; i < fit + 3; i++) {
        facet(near).send(ByteBuffer.wrap(new byte[1]), SOON, most);
        far.source().readFully(one.clear(), SOON);
      }
      int waiting = fit * HandleFacet.MAX_HANDLES;
      assertEquals(waiting + 1, facet(far).pending());
      assertTrue(Peers.descriptors() <= before + waiting + 10, "what is too much is closed");
      for (int i = 0; i < waiting; i++) {
        facet(far).take().orElseThrow().close();
      }
      assertEquals(Optional.empty(), facet(far).pendingKind());
      HandleLimitException lost = assertThrows(HandleLimitException.class, () -> facet(far).take());
      assertEquals(HandleFacet.MAX_HANDLES, lost.count());
      assertTrue(lost.getMessage().contains(waiting + " wait to be taken"), lost.getMessage());
      // And going on.
      assertEquals(Optional.empty(), facet(far).take());
      facet(near).send(ByteBuffer.wrap(new byte[1]), SOON, handle);
      far.source().readFully(one.clear(), SOON);
      facet(far).take().orElseThrow().close();
    }
  }

  private static void assertCured(Executable call) {
    NotSupportedException refused =
        assertThrows(
            NotSupportedException.class,
            () -> {
              try {
                call.execute();
              } catch (CompletionException e) {
                throw e.getCause();
              }
            });
    assertTrue(refused.getMessage().contains("com.sun.jna"), refused.getMessage());
  }

  @Test
  void withoutNativeCallsEachUseNamesTheCure() throws Exception {
    Path path = folder.resolve("s");
    try (Penstock penstock = Modes.open("none");
        Listener plain =
            penstock.channels().listen(Endpoint.parse("unix-listen:" + path), DEFAULTS);
        Channel client = penstock.channels().open(Endpoint.parse("unix:" + path), DEFAULTS, SOON)) {
      assertCured(
          () ->
              penstock
                  .channels()
                  .open(Endpoint.parse("unix:" + path + "?handles=true"), DEFAULTS, SOON));
      Path other = folder.resolve("t");
      assertCured(
          () ->
              penstock
                  .channels()
                  .listen(Endpoint.parse("unix-listen:" + other + "?handles=true"), DEFAULTS));
      assertFalse(Files.exists(other));
      assertCured(() -> client.facet(DescriptorFacet.class).orElseThrow().handle());
      assertCured(() -> client.facet(DescriptorFacet.class).orElseThrow().release());
      assertCured(() -> plain.facet(DescriptorFacet.class).orElseThrow().handle());
      assertCured(() -> penstock.channels().handles().pipe());
      assertCured(() -> penstock.channels().handles().file(path));
      assertTrue(client.isOpen());
      assertFalse(facet(client).enabled());
    }
  }
}
