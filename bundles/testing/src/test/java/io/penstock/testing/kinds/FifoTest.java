// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.kinds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import io.penstock.testing.contract.Case;
import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import io.penstock.testing.contract.Subject;
import io.penstock.testing.contract.Trait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Two channels at the two ends of a FIFO. */
class FifoTest {
  @TempDir static Path folder;

  /** Without native calls a FIFO has threads. */
  private static final Penstock PLAIN = plain();

  private static Penstock plain() {
    String before = System.setProperty(PosixAccess.PROPERTY, "none");
    try {
      return Penstock.open();
    } finally {
      if (before == null) {
        System.clearProperty(PosixAccess.PROPERTY);
      } else {
        System.setProperty(PosixAccess.PROPERTY, before);
      }
    }
  }

  private static Subject open(Penstock penstock) throws Exception {
    Path path = folder.resolve(Bench.fresh("fifo"));
    assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
    // Each open waits for the other one.
    Channel reader =
        penstock
            .channels()
            .connect(
                Endpoint.parse("fifo:" + path),
                ChannelOptions.defaults().withDirection(Direction.INPUT));
    Channel writer =
        penstock
            .channels()
            .open(
                Endpoint.parse("fifo:" + path),
                ChannelOptions.defaults().withDirection(Direction.OUTPUT),
                Bench.SOON);
    reader.connected().toCompletableFuture().get(20, TimeUnit.SECONDS);
    return Subject.of(writer, reader);
  }

  private static Kind fifo() {
    return fifo("fifo", Bench.PENSTOCK);
  }

  private static Kind plainFifo() {
    return fifo("fifo-threads", PLAIN);
  }

  private static Kind fifo(String name, Penstock penstock) {
    return Kind.of(name, () -> open(penstock))
        .without(Trait.DUPLEX, "a FIFO goes one way")
        .without(Trait.HALF_CLOSE, "a FIFO goes one way")
        .without(Trait.LISTENS, "both sides open the path")
        .without(Trait.CONNECT_REFUSED, "an open waits for the other side")
        .without(Trait.IMMEDIATE, "bytes go through the system")
        .without(Trait.COUNTED, "bytes go through the system")
        .without(Trait.BY_REFERENCE, "the system copies")
        .without(Trait.FLUSH_SEES_READER, "what the system has accepted is out of our hands")
        .without(Trait.READS_SEEN, "the reader is another program")
        .without(Trait.CLOSE_DRAINS, "the system breaks the pipe")
        .without(Trait.ABORT_DELIVERED, "the system has no way to say so")
        .without(Trait.ABORT_SEEN, "the system has no way to say so")
        .without(Trait.VERDICT, "there is no peer of its own");
  }

  /** Pipes that the process has already have paths, too: neither end blocks its caller. */
  @Case
  void descriptorsOfOursAreOpenedByTheirNumbers() throws Exception {
    Map<Path, String> before = descriptors();
    Pipe pipe = Pipe.open();
    Map<String, List<Path>> byTarget = new TreeMap<>();
    descriptors()
        .forEach(
            (path, target) -> {
              if (!target.equals(before.get(path))) {
                byTarget.computeIfAbsent(target, t -> new ArrayList<>()).add(path);
              }
            });
    List<Path> both =
        byTarget.entrySet().stream()
            .filter(each -> each.getKey().startsWith("pipe:") && each.getValue().size() == 2)
            .map(Map.Entry::getValue)
            .findFirst()
            .orElseThrow();
    Path faucet = both.get(isForWriting(both.get(0)) ? 1 : 0);
    Path sink = both.get(isForWriting(both.get(0)) ? 0 : 1);
    try (Channel in = Bench.open("fifo:" + faucet + "?mode=read", ChannelOptions.defaults());
        Channel out = Bench.open("fifo:" + sink + "?mode=write", ChannelOptions.defaults())) {
      ByteBuffer room = ByteBuffer.allocate(100);
      assertEquals(0, in.source().read(room, Wait.none()));
      out.sink().writeFully("through", Wait.upTo(Duration.ofSeconds(20)));
      while (room.position() < 7) {
        assertTrue(in.source().read(room, Wait.upTo(Duration.ofSeconds(20))) > 0);
      }
      assertEquals("through", StandardCharsets.UTF_8.decode(room.flip()).toString());
      assertThrows(NotSupportedException.class, () -> in.write(ByteBuffer.allocate(1)));
      assertThrows(NotSupportedException.class, () -> out.read(ByteBuffer.allocate(1)));
      out.sink().close();
      pipe.sink().close();
      assertEquals(-1, in.source().read(room.clear(), Wait.upTo(Duration.ofSeconds(20))));
    } finally {
      pipe.sink().close();
      pipe.source().close();
    }
  }

  private static Map<Path, String> descriptors() throws IOException {
    Map<Path, String> targets = new TreeMap<>();
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      all.forEach(each -> targets.put(each, target(each)));
    }
    return targets;
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      // That of the listing itself is gone.
      return "";
    }
  }

  private static boolean isForWriting(Path descriptor) throws IOException {
    Path info = Path.of("/proc/self/fdinfo").resolve(descriptor.getFileName());
    return Files.readAllLines(info).stream().anyMatch(line -> line.matches("flags:.*1"));
  }

  @Nested
  class Ends extends ContractSuite {
    @Override
    protected Kind kind() {
      return fifo();
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return fifo();
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }
  }

  @Nested
  class PlainEnds extends ContractSuite {
    @Override
    protected Kind kind() {
      return plainFifo();
    }
  }

  @Nested
  class PlainWhole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return plainFifo();
    }

    @Override
    protected Services services() {
      return new Services(PLAIN.pipes(), PLAIN.channels(), PLAIN.relays(), PLAIN::poller);
    }
  }
}
