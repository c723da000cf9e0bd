// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.CompletionHandler;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.nio2.Nio2Connector;
import org.apache.sshd.common.util.Readable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the library makes of a socket's answers. */
class SocketSessionTest {
  private static final int INTERRUPTED = -3;
  private static final int END = -1;

  @BeforeAll
  static void load() {
    assertTrue(CryptoProviders.ready());
  }

  @Test
  void anInterruptedReadIsNotTheEnd() throws Exception {
    AsynchronousChannelGroup group =
        AsynchronousChannelGroup.withFixedThreadPool(1, Executors.defaultThreadFactory());
    SshThreads resuming = new SshThreads("test", 1);
    Heard heard = new Heard();
    try (SshClient client = SshClient.setUpDefaultClient();
        Nio2Connector service = new Nio2Connector(null, client, heard, group, resuming);
        Answers answers = new Answers("first", INTERRUPTED, "second", INTERRUPTED, END)) {
      SocketSession session = new SocketSession(service, client, heard, answers, null);
      session.startReading();
      assertTrue(session.close(true).await(20, TimeUnit.SECONDS));
      assertEquals("firstsecond", heard.text.toString());
      assertTrue(answers.isUsedUp());
      assertFalse(answers.isOpen());
    } finally {
      resuming.shutdown();
      group.shutdownNow();
    }
  }

  /** Keeps what came. */
  private static final class Heard implements IoHandler {
    private final StringBuilder text = new StringBuilder();

    @Override
    public void sessionCreated(IoSession session) {}

    @Override
    public void sessionClosed(IoSession session) {}

    @Override
    public void exceptionCaught(IoSession session, Throwable cause) {
      throw new AssertionError(cause);
    }

    @Override
    public void messageReceived(IoSession session, Readable message) {
      byte[] bytes = new byte[message.available()];
      message.getRawBytes(bytes, 0, bytes.length);
      text.append(new String(bytes, StandardCharsets.UTF_8));
    }
  }

  /** A socket whose reads have these answers, one after the other: text, or a number. */
  private static final class Answers extends AsynchronousSocketChannel {
    private static final SocketAddress NOWHERE = new InetSocketAddress("127.0.0.1", 1);

    private final Deque<Object> left;
    private boolean open = true;

    Answers(Object... answers) {
      super(null);
      left = new ArrayDeque<>(List.of(answers));
    }

    boolean isUsedUp() {
      return left.isEmpty();
    }

    @Override
    public <A> void read(
        ByteBuffer dst,
        long timeout,
        TimeUnit unit,
        A attachment,
        CompletionHandler<Integer, ? super A> handler) {
      Object answer = left.remove();
      if (answer instanceof String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        dst.put(bytes);
        handler.completed(bytes.length, attachment);
      } else {
        handler.completed((Integer) answer, attachment);
      }
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() {
      open = false;
    }

    @Override
    public SocketAddress getLocalAddress() {
      return NOWHERE;
    }

    @Override
    public SocketAddress getRemoteAddress() {
      return NOWHERE;
    }

    @Override
    public AsynchronousSocketChannel shutdownInput() {
      return this;
    }

    @Override
    public AsynchronousSocketChannel shutdownOutput() {
      return this;
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
      return Set.of();
    }

    @Override
    public AsynchronousSocketChannel bind(SocketAddress local) {
      throw new UnsupportedOperationException();
    }

    @Override
    public <T> AsynchronousSocketChannel setOption(SocketOption<T> name, T value) {
      throw new UnsupportedOperationException();
    }

    @Override
    public <T> T getOption(SocketOption<T> name) {
      throw new UnsupportedOperationException();
    }

    @Override
    public <A> void connect(
        SocketAddress remote, A attachment, CompletionHandler<Void, ? super A> handler) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Future<Void> connect(SocketAddress remote) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Future<Integer> read(ByteBuffer dst) {
      throw new UnsupportedOperationException();
    }

    @Override
    public <A> void read(
        ByteBuffer[] dsts,
        int offset,
        int length,
        long timeout,
        TimeUnit unit,
        A attachment,
        CompletionHandler<Long, ? super A> handler) {
      throw new UnsupportedOperationException();
    }

    @Override
    public <A> void write(
        ByteBuffer src,
        long timeout,
        TimeUnit unit,
        A attachment,
        CompletionHandler<Integer, ? super A> handler) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Future<Integer> write(ByteBuffer src) {
      throw new UnsupportedOperationException();
    }

    @Override
    public <A> void write(
        ByteBuffer[] srcs,
        int offset,
        int length,
        long timeout,
        TimeUnit unit,
        A attachment,
        CompletionHandler<Long, ? super A> handler) {
      throw new UnsupportedOperationException();
    }
  }
}
