// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Memory is bounded by the window, however a peer cuts what it sends into packets. */
class ArrivedBytesTest {
  private static final int MIB = 1 << 20;

  private final AtomicLong credited = new AtomicLong();
  private final AtomicLong held = new AtomicLong();

  private ArrivedBytes arrivals() {
    return new ArrivedBytes(() -> "test", credited::addAndGet, held::addAndGet);
  }

  private static long allocatedBy(Runnable deed) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    deed.run();
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  /** Puts a window full in pieces of the sizes given, in turn. */
  private static long allocatedFor(ArrivedBytes arrivals, int... sizes) {
    byte[] data = new byte[32 * 1024];
    return allocatedBy(
        () -> {
          int sum = 0;
          for (int i = 0; sum + sizes[i % sizes.length] <= MIB; i++) {
            arrivals.put(data, 0, sizes[i % sizes.length]);
            sum += sizes[i % sizes.length];
          }
        });
  }

  @Test
  void emptyPacketsKeepNothing() throws Exception {
    ArrivedBytes arrivals = arrivals();
    AtomicInteger told = new AtomicInteger();
    arrivals.onReady(told::incrementAndGet);
    byte[] data = new byte[1];
    long allocated =
        allocatedBy(
            () -> {
              for (int i = 0; i < MIB; i++) {
                arrivals.put(data, 0, 0);
              }
            });
    assertTrue(allocated < MIB, () -> allocated + " bytes for nothing");
    assertEquals(0, told.get());
    assertFalse(arrivals.ready());
    assertEquals(0, arrivals.read(ByteBuffer.allocate(1)));
  }

  @Test
  void smallPacketsCostLittleMoreThanTheirBytes() {
    for (int[] sizes : new int[][] {{1}, {3, 5}, {100}, {4095}, {4096}, {1, 4096}, {32768}}) {
      long allocated = allocatedFor(arrivals(), sizes);
      assertTrue(
          allocated < 5 * MIB / 2, () -> allocated + " bytes for pieces of " + sizes[0] + " byte");
    }
    ArrivedBytes arrivals = arrivals();
    byte[] data = new byte[1];
    long alone = allocatedBy(() -> arrivals.put(data, 0, 1));
    assertTrue(alone < 4096, () -> alone + " bytes for one that is alone");
  }

  @Test
  void bytesStayInOrderWhateverTheirPackets() throws Exception {
    Random random = new Random(3);
    ArrivedBytes errors = arrivals();
    ArrivedBytes arrivals = arrivals();
    byte[] data = new byte[MIB];
    random.nextBytes(data);
    ByteBuffer got = ByteBuffer.allocate(MIB);
    int sent = 0;
    while (sent < MIB) {
      int size = Math.min(MIB - sent, random.nextInt(random.nextBoolean() ? 8 : 6000));
      if (random.nextInt(8) == 0) {
        errors.put(data, sent, size);
        assertEquals(0, errors.moveTo(arrivals));
      } else {
        arrivals.put(data, sent, size);
      }
      sent += size;
      got.limit(Math.min(MIB, got.position() + random.nextInt(3500)));
      arrivals.read(got);
      assertEquals(sent - got.position(), arrivals.available());
    }
    got.limit(MIB);
    arrivals.read(got);
    assertEquals(ByteBuffer.wrap(data), got.flip());
    assertEquals(MIB, credited.get());
    assertFalse(arrivals.ready());
  }

  @Test
  void whatNobodyWantsIsGivenCreditFor() throws Exception {
    ArrivedBytes errors = arrivals();
    ArrivedBytes arrivals = arrivals();
    errors.put(new byte[10], 0, 10);
    arrivals.close();
    arrivals.put(new byte[5], 0, 5);
    assertEquals(5, credited.get());
    assertEquals(10, errors.moveTo(arrivals));
    assertEquals(15, arrivals.dropped());
    assertEquals(0, errors.available());
  }

  @Test
  void chunksOfAProviderStayAsTheyAre() throws Exception {
    ArrivedBytes arrived = arrivals();
    byte[] chunk = new byte[10];
    arrived.put(ByteBuffer.wrap(chunk, 0, 4));
    arrived.put(new byte[] {1, 2, 3}, 0, 3);
    assertEquals(0, chunk[4], "bytes behind the limit are the provider's");
    assertEquals(7, arrived.available());
    ByteBuffer got = ByteBuffer.allocate(10);
    assertEquals(7, arrived.read(got));
    assertEquals(3, got.get(6));
    assertEquals(0, held.get());
  }
}
