// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.RequestRejectedException;
import io.penstock.ssh.Pty;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.junit.jupiter.api.Test;

/** A server that does not read is sent no more than a little. */
class ToProgramTest {
  /** A request that has not left. */
  private record Sent(String type, Buffer body, CompletableFuture<Void> taken) {}

  private final Queue<Sent> sent = new ArrayDeque<>();
  private final ToProgram program = new ToProgram("test", this::send);

  private CompletableFuture<Void> send(String type, Consumer<Buffer> body) {
    Buffer buffer = new ByteArrayBuffer();
    body.accept(buffer);
    Sent one = new Sent(type, buffer, new CompletableFuture<>());
    sent.add(one);
    return one.taken();
  }

  private CompletableFuture<Void> resize(Pty pty) {
    return program.resize(present -> pty);
  }

  private void assertSize(long columns) {
    assertEquals(1, sent.size());
    Sent one = sent.remove();
    assertEquals("window-change", one.type());
    assertEquals(columns, one.body().getUInt());
    assertEquals(24, one.body().getUInt());
    one.taken().complete(null);
  }

  @Test
  void newestSizeFollowsTheOneThatLeaves() {
    for (int i = 1; i <= 100_000; i++) {
      assertFalse(resize(Pty.defaults().withSize(i, 24)).isCompletedExceptionally());
    }
    assertSize(1);
    assertSize(100_000);
    assertTrue(sent.isEmpty());
    assertFalse(resize(Pty.defaults().withSize(5, 24)).isCompletedExceptionally());
    assertSize(5);
    assertTrue(sent.isEmpty());
  }

  @Test
  void sizeThatWasSentLastIsKnown() {
    Pty granted = Pty.defaults().withSize(132, 43);
    program.granted(granted);
    assertEquals(granted, program.size());
    CompletableFuture<Void> first = program.resize(present -> present.withSize(100, 43));
    CompletableFuture<Void> second =
        program.resize(present -> present.withSize(present.columns(), 24));
    assertFalse(first.isCompletedExceptionally() || second.isCompletedExceptionally());
    assertEquals(granted.withSize(100, 24), program.size());
  }

  @Test
  void signalsBeyondTheLimitAreRejected() {
    for (int i = 0; i < ToProgram.MAX_SIGNALS; i++) {
      assertFalse(program.signal("INT").isDone());
    }
    Throwable rejected =
        assertThrows(CompletionException.class, () -> program.signal("INT").getNow(null))
            .getCause();
    assertInstanceOf(RequestRejectedException.class, rejected);
    assertEquals(ToProgram.MAX_SIGNALS, sent.size());
    sent.remove().taken().complete(null);
    assertFalse(program.signal("INT").isDone());
    assertThrows(CompletionException.class, () -> program.signal("INT").getNow(null));
  }

  @Test
  void whatCannotBeSentIsTold() {
    CompletableFuture<Void> first = resize(Pty.defaults());
    sent.remove().taken().completeExceptionally(new IOException("cut"));
    assertTrue(first.isCompletedExceptionally());
    CompletableFuture<Void> second = resize(Pty.defaults());
    assertFalse(second.isDone());
    assertEquals(1, sent.size());
  }
}
