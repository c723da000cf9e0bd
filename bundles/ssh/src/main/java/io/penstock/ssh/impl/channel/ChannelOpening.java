// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.OpenFailedException;
import io.penstock.ssh.impl.Untrusted;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.exception.SshChannelOpenException;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.threads.ThreadUtils;

/** How a channel is opened: by us, or by the peer with the consent of the channel's owner. */
final class ChannelOpening {
  private final Link link;
  private final OutgoingData out;
  private final Consumer<Buffer> body;

  /**
   * An opening that has not begun.
   *
   * @param body puts what belongs to the channel's type into our message
   */
  ChannelOpening(Link link, OutgoingData out, Consumer<Buffer> body) {
    this.link = link;
    this.out = out;
    this.body = body;
  }

  // ---- by us

  /** As {@link Link#open(ConnectionService)} says. */
  CompletableFuture<Link> open(ConnectionService service) {
    CompletableFuture<Link> result = new CompletableFuture<>();
    try {
      long unused = service.registerChannel(link);
      OpenFuture asked = ask();
      asked.addListener(
          done -> {
            Throwable failure = done.getException();
            if (done.isOpened()) {
              result.complete(link);
            } else if (failure instanceof SshChannelOpenException refused) {
              result.completeExceptionally(
                  new OpenFailedException(
                      link.toString(),
                      refused.getReasonCode(),
                      Untrusted.shown(refused.getMessage())));
            } else {
              result.completeExceptionally(Losses.of(link.toString(), link.getSession()));
            }
          });
    } catch (IOException | RuntimeException | Error e) {
      // The connection closes at this moment, or has gone.
      result.completeExceptionally(out.lost(e));
    }
    return result;
  }

  /** Asks as the library would, with what belongs to the type. */
  private OpenFuture ask() throws IOException {
    OpenFuture future = link.beginOpening();
    Session session = link.getSession();
    Buffer buffer = session.createBuffer(SshConstants.SSH_MSG_CHANNEL_OPEN, 256);
    buffer.putString(link.getChannelType());
    buffer.putUInt(link.getChannelId());
    buffer.putUInt(link.getLocalWindow().getSize());
    buffer.putUInt(link.getLocalWindow().getPacketSize());
    body.accept(buffer);
    IoWriteFuture unused = link.writePacket(buffer);
    return future;
  }

  // ---- by the peer

  /** Lets the owner decide, and tells the peer. */
  void decide(Link.Owner owner, Buffer asked) {
    OpenFuture future = link.beginOpening();
    CompletionStage<?> unused =
        owner
            .opens(asked)
            .whenComplete(
                (permitted, failure) -> {
                  if (failure == null) {
                    confirm(future, owner);
                  } else {
                    refuse(future, failure);
                  }
                });
  }

  private void confirm(OpenFuture future, Link.Owner owner) {
    if (link.isClosing()) {
      future.setException(new IOException("the connection is closing"));
      return;
    }
    try {
      // Never waits, as OutgoingData says.
      boolean unused = ThreadUtils.runAsInternal(link, Link::confirmOpen);
    } catch (IOException e) {
      out.writeFailed(e);
    }
    link.markOpened();
    future.setOpened();
    owner.opened();
  }

  private void refuse(OpenFuture future, Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    int code =
        cause instanceof Refusal refusal ? refusal.code() : SshConstants.SSH_OPEN_CONNECT_FAILED;
    String text = cause == null ? "refused" : String.valueOf(cause.getMessage());
    try {
      Buffer buffer =
          link.getSession().createBuffer(SshConstants.SSH_MSG_CHANNEL_OPEN_FAILURE, 256);
      buffer.putUInt(link.getRecipient());
      buffer.putUInt(code);
      buffer.putString(text);
      // The language.
      buffer.putString("");
      IoWriteFuture unused = out.write(buffer);
    } catch (IOException e) {
      out.writeFailed(e);
    }
    link.markClosedByUs();
    future.setException(new SshChannelOpenException(link.getChannelId(), code, text));
    Object unused = link.close(true);
  }
}
