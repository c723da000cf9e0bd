// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.HandleLimitException;
import io.penstock.error.StreamFault;
import java.io.IOException;
import java.net.SocketException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which side has failed: the peer, or the system. */
class FailuresTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Cannot allocate memory",
        "No buffer space available",
        "Too many open files",
        "Bad file descriptor (recvmsg)"
      })
  void theSystemIsNotThePeer(String reason) {
    for (IOException failure :
        new IOException[] {
          Failures.cut("stream", new IOException(reason)),
          Failures.unread("stream", "nobody reads", new IOException(reason))
        }) {
      assertFalse(failure instanceof StreamFault);
      assertEquals("stream: the system has failed: " + reason, failure.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Connection reset by peer", "Broken pipe", "Connection timed out"})
  void thePeerIs(String reason) {
    IOException said = new IOException(reason);
    IOException cut = Failures.cut("stream", said);
    assertSame(said, assertInstanceOf(ConnectionResetException.class, cut).getCause());
    IOException unread = Failures.unread("stream", "nobody reads", said);
    assertSame(said, assertInstanceOf(BrokenPipeException.class, unread).getCause());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Too many open files",
        "accept4: Too many open files in system",
        "No file descriptors available",
        "No buffer space available",
        "Cannot allocate memory"
      })
  void wantOfDescriptorsIsAType(String text) {
    IOException cause = new IOException(text);
    IOException told = Failures.accepting("here", cause);
    HandleLimitException limit = assertInstanceOf(HandleLimitException.class, told);
    assertEquals("here: " + text, limit.getMessage());
    assertSame(cause, limit.getCause());
  }

  @Test
  void whatIsNoWantOfDescriptorsStaysWhatItIs() {
    IOException cause = new IOException("Software caused connection abort");
    assertSame(cause, Failures.accepting("here", cause));
  }

  @Test
  void peerThatCutsWhileItIsConnectedToIsNoWrongAddress() {
    IOException cause = new SocketException("Connection reset by peer");
    IOException told = Failures.address("tcp://there:1", cause);
    ConnectionResetException cut = assertInstanceOf(ConnectionResetException.class, told);
    assertEquals("tcp://there:1", cut.stream());
    assertSame(cause, cut.getCause());
  }
}
