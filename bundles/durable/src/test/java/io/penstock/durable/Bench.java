// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.DurableFacet;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** What the tests of durable pipes share. */
final class Bench {
  static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private static final AtomicInteger NUMBERS = new AtomicInteger();

  private Bench() {}

  static Endpoint location(Path file, String keys) {
    return Endpoint.parse("file:" + file + (keys.isEmpty() ? "" : "?" + keys));
  }

  static Path fresh(Path folder) {
    return folder.resolve("spool-" + NUMBERS.incrementAndGet());
  }

  /** A pipe of 16 MiB at most. */
  static Pipe open(Penstock penstock, Path file, String keys) throws IOException {
    return open(penstock, file, keys, 16 << 20);
  }

  static Pipe open(Penstock penstock, Path file, String keys, long capacity) throws IOException {
    return penstock
        .pipes()
        .open(location(file, keys), PipeOptions.defaults().withCapacity(capacity), SOON);
  }

  static Channel end(Penstock penstock, Path file, String keys) throws IOException {
    return penstock
        .channels()
        .open(Endpoint.parse("durable:file:" + file + "?" + keys), ChannelOptions.defaults(), SOON);
  }

  static DurableFacet facet(Pipe pipe) {
    return pipe.facet(DurableFacet.class).orElseThrow();
  }

  static DurableFacet facet(Channel channel) {
    return channel.facet(DurableFacet.class).orElseThrow();
  }

  /** Each byte follows from its position. */
  static byte at(long position) {
    return (byte) (position * 31 + (position >> 8) * 7 + (position >> 16));
  }

  static ByteBuffer bytes(long from, int count) {
    byte[] all = new byte[count];
    for (int i = 0; i < count; i++) {
      all[i] = at(from + i);
    }
    return ByteBuffer.wrap(all);
  }

  /** Fails unless all bytes are those of their positions. */
  static void check(ByteBuffer found, long from) {
    for (int i = 0; found.hasRemaining(); i++) {
      byte one = found.get();
      if (one != at(from + i)) {
        throw new AssertionError(
            "byte " + (from + i) + " is " + one + ", expected " + at(from + i));
      }
    }
  }

  /** Reads bytes, and fails unless there are some and they are those of their positions. */
  static int read(ByteSource source, ByteBuffer some, long from) throws IOException {
    int n = source.read(some.clear(), SOON);
    if (n <= 0) {
      throw new AssertionError("the end was met at " + from);
    }
    check(some.flip(), from);
    return n;
  }

  /** Starts another process that works on a file. */
  static Process child(List<String> before, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(before);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
    command.add(CrashMain.class.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .redirectInput(ProcessBuilder.Redirect.PIPE)
        .start();
  }
}
