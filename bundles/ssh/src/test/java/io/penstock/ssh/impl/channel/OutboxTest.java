// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.sshd.common.io.AbstractIoWriteFuture;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What goes to a peer, over a connection that takes only what it is told to. */
class OutboxTest {
  private static final int PACKET = 32 * 1024;
  private static final int MAX_ON_ITS_WAY = 256 * 1024;
  private static final int HEADER = 9;

  private final Queue<Leaving> onTheirWay = new ArrayDeque<>();
  private final List<Integer> lengths = new ArrayList<>();
  private final List<Buffer> packets = new ArrayList<>();
  private final Link link = Link.opened("test", "session", 1 << 20);
  private final Outbox outbox = link.output();
  private int woken;

  /** A packet that the connection holds. */
  private static final class Leaving extends AbstractIoWriteFuture {
    Leaving() {
      super("packet", null);
    }

    void left() {
      setValue(Boolean.TRUE);
    }
  }

  /** Keeps the channel from telling the peer that it is open, and is asked nothing else. */
  private static final class Undecided implements Link.Owner {
    @Override
    public boolean request(String type, Buffer body) {
      return false;
    }

    @Override
    public CompletionStage<?> opens(Buffer body) {
      return new CompletableFuture<>();
    }
  }

  @BeforeEach
  void openTheChannel() throws Exception {
    Session session =
        fake(
            Session.class,
            (method, arguments) ->
                switch (method.getName()) {
                  case "createBuffer" -> new ByteArrayBuffer((int) arguments[1]);
                  case "writePacket" -> {
                    packets.add((Buffer) arguments[0]);
                    lengths.add(((Buffer) arguments[0]).available() - HEADER + 1);
                    Leaving leaving = new Leaving();
                    onTheirWay.add(leaving);
                    yield leaving;
                  }
                  case "getProperties" -> Map.of();
                  default -> null;
                });
    link.init(fake(ConnectionService.class, (method, arguments) -> null), session, 0);
    link.ownedBy(new Undecided());
    Object unused = link.open(1, 1L << 30, PACKET, new ByteArrayBuffer());
    outbox.onReady(() -> woken++);
  }

  /** What a method of the library is answered with. */
  private interface Answers {
    Object to(Method method, Object[] arguments);
  }

  private static <T> T fake(Class<T> type, Answers answers) {
    return type.cast(
        Proxy.newProxyInstance(
            OutboxTest.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> answers.to(method, arguments)));
  }

  @Test
  void packetsStayWholeWhileTheConnectionIsFull() throws Exception {
    ByteBuffer rest = ByteBuffer.allocate(MAX_ON_ITS_WAY * 4);
    assertEquals(2, outbox.write(ByteBuffer.allocate(2)));
    int first = outbox.write(rest);
    assertTrue(
        first >= MAX_ON_ITS_WAY - PACKET && first < MAX_ON_ITS_WAY + PACKET,
        "bounded, but took " + first);
    lengths.clear();

    while (rest.hasRemaining()) {
      assertEquals(0, outbox.write(rest), "full");
      assertFalse(outbox.ready());
      while (!outbox.ready()) {
        onTheirWay.remove().left();
      }
      outbox.write(rest);
    }

    int last = lengths.remove(lengths.size() - 1);
    assertTrue(lengths.stream().allMatch(length -> length == PACKET), lengths + ", " + last);
  }

  @Test
  void bytesAreCopiedOnceWhereverTheyAre() throws Exception {
    ByteBuffer direct = ByteBuffer.allocateDirect(PACKET);
    while (direct.hasRemaining()) {
      direct.put((byte) (direct.position() * 31));
    }
    direct.flip();
    // What a first call loads does not count.
    assertEquals(1, outbox.write(ByteBuffer.allocateDirect(1)));
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    assertEquals(PACKET, outbox.write(direct));
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    // The library takes a power of two for a packet and its header.
    assertTrue(allocated < 2 * PACKET + PACKET / 2, allocated + " bytes for a packet of " + PACKET);

    assertFalse(direct.hasRemaining());
    Buffer sent = packets.get(1);
    assertEquals(direct.flip(), ByteBuffer.wrap(sent.array(), sent.wpos() - PACKET, PACKET));
  }

  @Test
  void whoWaitsIsWokenWhenAllHasLeft() throws Exception {
    outbox.write(ByteBuffer.allocate(2));
    outbox.write(ByteBuffer.allocate(2));
    assertEquals(4, outbox.unsent());
    onTheirWay.remove().left();
    int before = woken;
    onTheirWay.remove().left();
    assertEquals(before + 1, woken);
    assertEquals(0, outbox.unsent());
  }
}
