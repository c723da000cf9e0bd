// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nats.client.Connection;
import io.nats.client.support.JsonValue;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.StorageException;
import io.penstock.nats.support.Child;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Bounds of pipes on three servers, and damage among many entries. */
// A connection of the library's may be interrupted while it closes.
@SuppressWarnings("try")
@Timeout(900)
// It takes minutes, and its limits are those of servers that have a processor for themselves.
@EnabledIfSystemProperty(named = "penstock.nats.long", matches = "true")
class NatsPipeServersTest extends PipeFaults {
  // ---- bounds

  @Test
  void aSlowReaderBoundsWhatTheServersKeep() throws Exception {
    try (Child writer = child("write", "&capacity=4MiB", 1);
        Channel reader = reader("")) {
      writer.await("acknowledged", 3_000_000, LONG);
      long bound = promised(4 << 20);
      long most = 0;
      long at = 0;
      for (int i = 0; i < 20; i++) {
        read(reader, at, 400_000);
        at += 400_000;
        JsonValue info = info();
        assertEquals(bound, maxBytes(info));
        most = Math.max(most, bytes(info));
      }
      say("4 MiB of capacity take up " + most + " of " + bound + " bytes");
      assertTrue(most <= bound, most + " of " + bound + " bytes");
      writer.kill();
      try (Channel next = writer("&capacity=4MiB")) {
        read(reader, at, (int) (facet(next).acknowledged() - at));
      }
      awaitFewer(1 << 20);
    }
  }

  @Test
  void recordsOfOneByteWaitForTheServers() throws Exception {
    int count = 60_000;
    try (Channel writer = writer("&capacity=1MiB&window=64KiB&sync=each");
        Channel reader = reader("")) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < count; i++) {
                    write(writer, i, 1);
                  }
                  writer.sink().flush(SOON);
                } catch (IOException e) {
                  e.printStackTrace();
                }
              });
      thread.start();
      long full = 0;
      try (Connection connection = plain()) {
        long most = maxBytes(info(connection, name));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONG);
        while (full < most - 1000 && System.nanoTime() < deadline && thread.isAlive()) {
          full = bytes(info(connection, name));
        }
        say("records of one byte take up " + full + " of " + most + " bytes");
        assertTrue(full >= most - 1000, full + " of " + most);
      }
      // What a long read has gathered stays on the servers.
      for (int at = 0; at < count; at += 1000) {
        read(reader, at, 1000);
      }
      thread.join();
      awaitFewer(1 << 20);
    }
  }

  @Test
  void bothEndsMayMakeThePipeAtTheSameTime() throws Exception {
    for (int round = 0; round < 6; round++) {
      String place = place("").replace(name, name + "-" + round);
      CompletableFuture<Channel> other =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return penstock
                      .channels()
                      .open(
                          Endpoint.parse(place + "mode=write&capacity=8MiB"),
                          ChannelOptions.defaults(),
                          SOON);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      try (Channel reader =
              penstock
                  .channels()
                  .open(Endpoint.parse(place + "mode=read"), ChannelOptions.defaults(), SOON);
          Channel writer = other.get(LONG, TimeUnit.SECONDS)) {
        write(writer, 0, 1000);
        writer.sink().flush(SOON);
        read(reader, 0, 1000);
      }
    }
  }

  // ---- damage

  @Test
  void foreignMessagesAmongManyEntriesCostNoByte() throws Exception {
    int count = 4_000_000;
    try (Channel writer = writer("&block=4KiB");
        Connection connection = plain()) {
      Thread thread =
          new Thread(
              () -> {
                for (int i = 0; i < 40; i++) {
                  connection.publish("penstock.pipe." + name, new byte[] {1});
                  try {
                    connection.flush(Duration.ofSeconds(5));
                    pause(Duration.ofMillis(20));
                  } catch (Exception e) {
                    return;
                  }
                }
              });
      thread.start();
      for (int at = 0; at < count; at += 10_000) {
        write(writer, at, 10_000);
      }
      writer.sink().flush(SOON);
      thread.join();
    }
    int told = 0;
    try (Channel writer = writer("");
        Channel reader = reader("")) {
      assertEquals(count, facet(writer).acknowledged());
      ByteBuffer some = ByteBuffer.allocate(10_000);
      for (long at = 0; at < count; ) {
        try {
          int n = reader.source().read(some.clear(), SOON);
          FaultMain.check(some.flip(), at);
          at += n;
        } catch (StorageException e) {
          told++;
          assertEquals(at, e.count(), e.getMessage());
          assertTrue(e.getMessage().contains("at position " + at), e.getMessage());
          facet(reader).replay(at);
        }
      }
    }
    say(told + " foreign messages among " + count + " bytes");
    assertTrue(told > 0);
  }
}
