// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

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
import io.penstock.impl.kind.Peers;
import io.penstock.impl.posix.Modes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * No descriptor is lost, however many handles go to and fro; {@code -Dpenstock.proof.rounds} says
 * how often.
 */
// Closes before the end of a block are what is tried.
@SuppressWarnings("try")
class HandleRoundsTest {
  private static final int ROUNDS = Integer.getInteger("penstock.proof.rounds", 5_000);
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions DEFAULTS = ChannelOptions.defaults();

  @TempDir Path folder;

  private static Stream<String> modes() {
    return Modes.all().map(PosixAccess::wish);
  }

  private static HandleFacet facet(Channel channel) {
    return channel.facet(HandleFacet.class).orElseThrow();
  }

  /** Passed, received, and closed: as it came, or as a channel, or never taken. */
  @ParameterizedTest
  @MethodSource("modes")
  void descriptorsAreAsBeforeAfterManyRounds(String mode) throws Exception {
    try (Penstock penstock = Modes.open(mode)) {
      Endpoint listening = Endpoint.parse("unix-listen:" + folder.resolve("s") + "?handles=true");
      Endpoint there = Endpoint.parse("unix:" + listening.address() + "?handles=true");
      try (Listener listener = penstock.channels().listen(listening, DEFAULTS);
          Channel near = penstock.channels().open(there, DEFAULTS, SOON);
          Channel far = listener.accept(SOON);
          Handle socket = near.facet(DescriptorFacet.class).orElseThrow().handle()) {
        ByteBuffer dst = ByteBuffer.allocate(16);
        long before = 0;
        for (int round = 0; round < ROUNDS; round++) {
          if (round == ROUNDS / 10) {
            // What is made once, such as selectors, is there by now.
            before = Peers.descriptors();
          }
          HandlePair pipe = penstock.channels().handles().pipe();
          try (Handle source = pipe.source();
              Handle sink = pipe.sink()) {
            facet(near).send(ByteBuffer.wrap(new byte[2]), SOON, source, sink, socket);
          }
          far.source().readFully(dst.clear().limit(2), SOON);
          if (round % 3 == 0) {
            facet(far).take().orElseThrow().close();
            facet(far).take().orElseThrow().channel(DEFAULTS).close();
            facet(far).take().orElseThrow().close();
          } else {
            for (int i = 0; i < 3; i++) {
              facet(far).take().orElseThrow().close();
            }
          }
          if (round % 100 == 0) {
            carryWithoutTaking(penstock, there, listener, socket);
          }
        }
        long then = before;
        Peers.eventually("no more descriptors than before", () -> Peers.descriptors() <= then);
      }
    }
  }

  private static void carryWithoutTaking(
      Penstock penstock, Endpoint there, Listener listener, Handle handle) throws IOException {
    try (Channel client = penstock.channels().open(there, DEFAULTS, SOON);
        Channel server = listener.accept(SOON)) {
      facet(client).send(ByteBuffer.wrap(new byte[1]), SOON, handle);
      facet(client).send(ByteBuffer.wrap(new byte[1]), SOON, handle);
      server.source().read(ByteBuffer.allocate(1), SOON);
    }
  }

  /** The limit is met by a sender, by a receiver, in a message, and by an opener. */
  @ParameterizedTest
  @MethodSource("modes")
  void wantOfDescriptorsIsAnErrorAndPasses(String mode) throws Exception {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("/bin/sh", "-c", "ulimit -n 120; exec \"$0\" \"$@\""));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-Dio.penstock.native=" + mode));
    // The counts are exact: nothing of the virtual machine's own may open a file meanwhile, as its
    // compilers do to ask for the container's memory.
    command.addAll(List.of("-XX:-UseContainerSupport", "-XX:-UseDynamicNumberOfCompilerThreads"));
    command.add("-XX:+UseSerialGC");
    command.addAll(List.of("-cp", Peers.jars(folder), ScarceHandles.class.getName()));
    command.add(folder.resolve("s").toString());
    Path errors = folder.resolve("errors");
    Process program = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(program.getInputStream(), StandardCharsets.UTF_8))) {
      List<String> said = out.lines().toList();
      String log = Files.readString(errors);
      assertTrue(program.waitFor(20, TimeUnit.SECONDS));
      assertEquals(0, program.exitValue(), log);
      assertEquals(
          List.of(
              "sending: refused",
              "opening: refused and kept",
              "receiving: lost 2",
              "afterwards: 5 came",
              "descriptors: as before"),
          said,
          log);
    } finally {
      program.destroyForcibly();
    }
  }
}
