// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a test runs in a process of its own, which exits with 0 when it did what it should. */
public final class StdioMain {
  /** Kept, because a logger that nobody keeps forgets its level. */
  private static final Logger LOG = Logger.getLogger("io.penstock");

  /** Whether standard streams have threads. */
  private static boolean threads;

  private StdioMain() {}

  /** Runs one case. */
  public static void main(String[] args) throws IOException {
    // Standard error belongs to the test.
    LOG.setLevel(Level.WARNING);
    PosixAccess access = new PosixAccess(System.getProperty(PosixAccess.PROPERTY));
    threads = access.calls() == null;
    try (Peers peers = new Peers(new StdioProvider(access))) {
      Peer stdio =
          args[0].equals("buffers")
              ? peers.connect(
                  "stdio:",
                  ChannelOptions.defaults().withReceiveBuffer(32 << 10).withSendBuffer(16 << 10))
              : peers.connect("stdio:");
      switch (args[0]) {
        case "copy" -> {
          stdio.source().transferTo(stdio.sink(), Long.MAX_VALUE, Wait.forever());
          finish(stdio);
        }
        case "line" -> {
          String line = stdio.source().readLine(UTF_8, 1000, Terminator.KEEP, Peers.LIMIT);
          stdio.source().close();
          stdio.write(String.valueOf(line));
          finish(stdio);
        }
        case "write" -> {
          stdio.write("written\n");
          finish(stdio);
        }
        case "release" -> release(stdio);
        case "broken" -> broken(stdio);
        case "end" -> {
          stdio.write("all");
          stdio.sink().end();
          stdio.source().awaitReadable(Wait.forever());
        }
        case "buffers" -> {
          stdio.write(buffers(stdio) + "\n");
          finish(stdio);
        }
        case "abort" -> {
          stdio.write("part");
          stdio.sink().flush(Peers.LIMIT);
          stdio.abort();
          System.out.print(" and the rest");
          System.out.flush();
        }
        default -> throw new IllegalArgumentException(args[0]);
      }
    }
  }

  private static String buffers(Peer stdio) throws IOException {
    Optional<BufferFacet> facet = stdio.facet(BufferFacet.class);
    if (facet.isEmpty()) {
      return "none";
    }
    String in;
    try {
      in = facet.get().receiveBuffer() + " " + facet.get().receiveBuffer(65_536);
    } catch (NotSupportedException e) {
      in = "no input";
    }
    try {
      return in + ", " + facet.get().sendBuffer() + " " + facet.get().sendBuffer(65_536);
    } catch (NotSupportedException e) {
      return in + ", no output";
    }
  }

  private static void finish(Peer stdio) throws IOException {
    check(threads || !Peers.threadLives("penstock-std"), "a thread reads or writes");
    stdio.close();
    // The pump's thread may be just about to do it.
    long limit = System.nanoTime() + 10_000_000_000L;
    while (FileDescriptor.out.valid() && System.nanoTime() - limit < 0) {
      LockSupport.parkNanos(200_000);
    }
    check(!FileDescriptor.out.valid(), "standard output is still open");
  }

  private static void check(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }

  private static void release(Peer stdio) throws IOException {
    AtomicReference<@Nullable Thread> reader = new AtomicReference<>();
    CompletableFuture<Boolean> reading =
        CompletableFuture.supplyAsync(
            () -> {
              reader.set(Thread.currentThread());
              try {
                stdio.readOnce();
                return false;
              } catch (StreamClosedWhileWaitingException e) {
                return true;
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    Peers.eventually("it is read", () -> !threads || Peers.threadLives("penstock-stdin"));
    Peers.eventually("the reader waits", () -> isWaiting(reader.get()));
    stdio.source().close();
    check(Peers.get(reading), "the reader was not told of the close");
    Peers.eventually("the thread is gone", () -> !Peers.threadLives("penstock-stdin"));
    stdio.write("released\n");
    stdio.sink().flush(Peers.LIMIT);
    // Descriptor 0 is as it was.
    check(new FileInputStream(FileDescriptor.in).read() == 'x', "standard input was touched");
  }

  /** Whether it is parked, or waits in the system. */
  private static boolean isWaiting(@Nullable Thread thread) {
    return thread != null
        && (thread.getState() == Thread.State.WAITING
            || thread.getState() == Thread.State.TIMED_WAITING
            || Stream.of(thread.getStackTrace())
                .anyMatch(frame -> frame.getClassName().equals("sun.nio.ch.EPoll")));
  }

  private static void broken(Peer stdio) throws IOException {
    try {
      while (true) {
        stdio.sink().writeFully(ByteBuffer.allocate(100_000), Peers.LIMIT);
      }
    } catch (BrokenPipeException e) {
      check(e.getMessage().startsWith("stdio:"), e.getMessage());
    }
  }
}
