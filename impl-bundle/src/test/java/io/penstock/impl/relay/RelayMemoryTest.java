// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.MemoryLimitException;
import io.penstock.impl.kind.Peers;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayObserver;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peers that send and never read, or never end a line, against limits of memory. */
class RelayMemoryTest {
  private static final int PEERS = 100;
  private static final int SMALL = 16 * 1024;

  @TempDir Path folder;

  @Test
  void whoReadsNothingIsCutWithItsOwnType() throws Exception {
    LinkedBlockingQueue<RelayException> failures = new LinkedBlockingQueue<>();
    RelayOptions options =
        RelayOptions.defaults()
            .withFork(true)
            .withMemoryLimit(1 << 20)
            .withFrom(ChannelOptions.defaults().withSendBuffer(SMALL).withReceiveBuffer(SMALL))
            .withObserver(
                new RelayObserver() {
                  @Override
                  public void parted(@Nullable Channel from, @Nullable RelayException failure) {
                    if (failure != null) {
                      failures.add(failure);
                    }
                  }
                });
    try (Penstock penstock = Penstock.open()) {
      Relay relay =
          penstock
              .relays()
              .create(Endpoint.parse("tcp-listen://127.0.0.1:0"), Endpoint.parse("echo:"), options);
      relay.start();
      int front = port(relay.listeners().get(0).endpoint());
      try (Socket good = new Socket("127.0.0.1", front)) {
        good.setSoTimeout(20_000);
        List<SocketChannel> silent = flood(front, PEERS, () -> !failures.isEmpty());
        RelayException why = Objects.requireNonNull(failures.poll(20, TimeUnit.SECONDS));
        MemoryLimitException cause =
            assertInstanceOf(MemoryLimitException.class, why.getCause(), why::getMessage);
        assertTrue(why.getMessage().contains("was too slow: cut, because"), why::getMessage);
        assertTrue(cause.count() > 0);
        exchange(good, 1000);
        for (SocketChannel peer : silent) {
          peer.close();
        }
      }
    }
  }

  @Test
  void aLimitThatIsTooSmallIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> RelayOptions.defaults().withMemoryLimit(65_535));
    assertEquals(65_536, RelayOptions.defaults().withMemoryLimit(65_536).memoryLimit());
    assertEquals(Long.MAX_VALUE, RelayOptions.defaults().memoryLimit());
  }

  private static int port(Endpoint endpoint) {
    return Integer.parseInt(endpoint.withoutOptions().toString().replaceAll(".*:", ""));
  }

  /** Peers that send what is taken, without a line's end, and read nothing. */
  private static List<SocketChannel> flood(int port, int peers, BooleanSupplier enough)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(256 * 1024);
    List<SocketChannel> all = new ArrayList<>();
    for (int i = 0; i < peers; i++) {
      SocketChannel peer = SocketChannel.open();
      peer.setOption(StandardSocketOptions.SO_RCVBUF, SMALL);
      // Or what waits in the system's own buffers takes the memory that it has for TCP, and then it
      // drops what others send.
      peer.setOption(StandardSocketOptions.SO_SNDBUF, SMALL);
      boolean unused = peer.connect(new InetSocketAddress("127.0.0.1", port));
      peer.configureBlocking(false);
      all.add(peer);
    }
    for (int round = 0; round < 1000 && !enough.getAsBoolean(); round++) {
      for (SocketChannel peer : all) {
        try {
          peer.write(bytes.clear());
        } catch (IOException e) {
          // It was cut, which is what this is about.
          assertTrue(peer.isOpen());
        }
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
    return all;
  }

  private static void exchange(Socket peer, int lines) throws IOException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(peer.getInputStream(), StandardCharsets.US_ASCII));
    for (int i = 0; i < lines; i++) {
      peer.getOutputStream().write(("line " + i + "\n").getBytes(StandardCharsets.US_ASCII));
      assertEquals("line " + i, in.readLine());
    }
  }

  /** Whose limits are its defaults: a quarter of a small heap. */
  @ParameterizedTest
  @ValueSource(strings = {"relay", "poller"})
  void aSmallHeapOutlivesThoseWhoTakeNothing(String how) throws Exception {
    Path errors = folder.resolve(how + ".err");
    Process program =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx24m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError",
                "-cp",
                System.getProperty("java.class.path"),
                ScarceMemory.class.getName(),
                how)
            .redirectError(errors.toFile())
            .start();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(program.getInputStream(), StandardCharsets.UTF_8))) {
      int port = Integer.parseInt(String.valueOf(out.readLine()));
      try (Socket good = new Socket("127.0.0.1", port)) {
        good.setSoTimeout(30_000);
        exchange(good, 10);
        List<SocketChannel> silent = flood(port, PEERS, () -> read(errors).contains("used up"));
        exchange(good, 10);
        Peers.eventually("it says that memory is short", () -> read(errors).contains("used up"));
        try (Socket late = new Socket("127.0.0.1", port)) {
          late.setSoTimeout(30_000);
          exchange(late, 10);
        }
        for (SocketChannel peer : silent) {
          peer.close();
        }
        exchange(good, 10);
      }
      try (Socket after = new Socket("127.0.0.1", port)) {
        after.setSoTimeout(30_000);
        exchange(after, 10);
      }
      assertTrue(program.isAlive(), () -> read(errors));
      assertFalse(read(errors).contains("OutOfMemoryError"), () -> read(errors));
      program.destroy();
      assertTrue(program.waitFor(20, TimeUnit.SECONDS), "it ignores SIGTERM");
      assertEquals(143, program.exitValue(), () -> read(errors));
    } finally {
      program.destroyForcibly();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
