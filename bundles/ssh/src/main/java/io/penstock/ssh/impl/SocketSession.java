// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousSocketChannel;
import org.apache.sshd.common.PropertyResolver;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.nio2.Nio2CompletionHandler;
import org.apache.sshd.common.io.nio2.Nio2Service;
import org.apache.sshd.common.io.nio2.Nio2Session;
import org.apache.sshd.common.util.Readable;
import org.jspecify.annotations.Nullable;

/**
 * The library's, which takes every number below zero for the peer's end. The JDK answers such a
 * number, too, when a signal has interrupted a read.
 */
public final class SocketSession extends Nio2Session {
  /** What the JDK's channels answer for EINTR; the end is -1. */
  private static final int INTERRUPTED = -3;

  /**
   * A session.
   *
   * @param accepted where a listener has accepted it; null for one that was connected
   */
  public SocketSession(
      Nio2Service service,
      PropertyResolver resolver,
      IoHandler handler,
      AsynchronousSocketChannel socket,
      @Nullable SocketAddress accepted)
      throws IOException {
    super(service, resolver, handler, socket, accepted);
  }

  @Override
  protected void handleReadCycleCompletion(
      ByteBuffer buffer,
      Readable reader,
      Nio2CompletionHandler<Integer, Object> handler,
      Integer result,
      Object attachment) {
    // Nothing has come; the library then reads on.
    int count = result == INTERRUPTED ? 0 : result;
    super.handleReadCycleCompletion(buffer, reader, handler, count, attachment);
  }
}
