// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.RequestRejectedException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** Our requests to the peer of a channel, and the peer's answers to them, which come in order. */
final class ChannelRequests {
  private final Link link;
  private final OutgoingData out;
  private final ReentrantLock sending;
  // Guarded by the lock.
  private final Queue<Unanswered> unanswered = new ArrayDeque<>();

  /** A request of ours on its way. */
  private record Unanswered(String type, CompletableFuture<Void> answer) {}

  ChannelRequests(Link link, OutgoingData out) {
    this.link = link;
    this.out = out;
    this.sending = out.sending();
  }

  /** As {@link Link#request} says. */
  CompletableFuture<Void> request(String type, boolean wantReply, Consumer<Buffer> body) {
    CompletableFuture<Void> answer = new CompletableFuture<>();
    Unanswered mine = new Unanswered(type, answer);
    sending.lock();
    try {
      out.checkWritable();
      Buffer buffer = requesting(type, wantReply, body);
      if (wantReply) {
        unanswered.add(mine);
      }
      IoWriteFuture unused = out.write(buffer);
    } catch (IOException e) {
      unanswered.remove(mine);
      answer.completeExceptionally(e);
    } finally {
      sending.unlock();
    }
    if (!wantReply) {
      answer.complete(null);
    }
    return answer;
  }

  private Buffer requesting(String type, boolean wantReply, Consumer<Buffer> body) {
    Buffer buffer = link.getSession().createBuffer(SshConstants.SSH_MSG_CHANNEL_REQUEST, 256);
    buffer.putUInt(link.getRecipient());
    buffer.putString(type);
    buffer.putBoolean(wantReply);
    body.accept(buffer);
    return buffer;
  }

  /** As {@link Link#tell} says. */
  CompletableFuture<Void> tell(String type, Consumer<Buffer> body) {
    CompletableFuture<Void> taken = new CompletableFuture<>();
    IoWriteFuture written;
    sending.lock();
    try {
      out.checkWritable();
      written = out.write(requesting(type, false, body));
    } catch (IOException e) {
      taken.completeExceptionally(e);
      return taken;
    } finally {
      sending.unlock();
    }
    IoWriteFuture unused =
        written.addListener(
            done -> {
              Throwable failure = done.getException();
              if (failure != null) {
                out.writeFailed(failure);
              }
              taken.complete(null);
            });
    return taken;
  }

  /** The peer has answered the oldest of those that it has not answered yet. */
  void answered(boolean granted) {
    Unanswered oldest = nextAnswered();
    if (oldest == null) {
      return;
    }
    if (granted) {
      oldest.answer().complete(null);
    } else {
      oldest
          .answer()
          .completeExceptionally(
              new RequestRejectedException(
                  link.toString(), "the peer refuses the request " + oldest.type(), 0));
    }
  }

  private @Nullable Unanswered nextAnswered() {
    sending.lock();
    try {
      return unanswered.poll();
    } finally {
      sending.unlock();
    }
  }

  /**
   * No answer comes any more.
   *
   * @param cause how the channel was cut; null if it was closed
   */
  void refuseUnanswered(@Nullable IOException cause) {
    List<Unanswered> left;
    sending.lock();
    try {
      left = new ArrayList<>(unanswered);
      unanswered.clear();
    } finally {
      sending.unlock();
    }
    for (Unanswered each : left) {
      each.answer()
          .completeExceptionally(
              cause == null
                  ? new RequestRejectedException(
                      link.toString(),
                      "the channel was closed before the request " + each.type() + " was answered",
                      0)
                  : cause);
    }
  }
}
