// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import io.penstock.spi.ProviderContext;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.channel.Refusal;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * A channel that is joined to a socket of ours: to one that we connect because the peer asks for
 * it, or to one that we have accepted for the peer.
 */
public final class Joined implements Link.Owner {
  /** Decides on a channel that the peer opens, and hears of its end. */
  public interface Gate {
    /**
     * Whether it may be. No method may wait.
     *
     * @param wanted where the peer wants to get
     * @throws Refusal if it may not
     */
    void admit(Joined joined, Target wanted) throws Refusal;

    /** It is over; called once for each. */
    void left(Joined joined);
  }

  private final Link link;
  private final Gate gate;
  private final ProviderContext context;
  private final Executor executor;
  private final Executor names;
  private final Duration connectLimit;
  private final Duration closeLimit;
  private final AtomicBoolean left = new AtomicBoolean();
  private volatile boolean over;
  private volatile CompletableFuture<SocketChannel> socket = new CompletableFuture<>();
  private volatile @Nullable Splice splice;

  /**
   * A channel that is not open yet.
   *
   * @param executor for the bytes
   * @param names where names are looked up
   * @param connectLimit how long connecting may take
   * @param closeLimit how long one side may take to go after the other
   */
  public Joined(
      Link link,
      Gate gate,
      ProviderContext context,
      Executor executor,
      Executor names,
      Duration connectLimit,
      Duration closeLimit) {
    this.link = link;
    this.gate = gate;
    this.context = context;
    this.executor = executor;
    this.names = names;
    this.connectLimit = connectLimit;
    this.closeLimit = closeLimit;
  }

  /** The socket is there already, and the channel has to be opened yet. */
  public void given(SocketChannel accepted) {
    socket.complete(accepted);
  }

  @Override
  public CompletionStage<?> opens(Buffer body) {
    Target wanted;
    try {
      wanted = Wanted.read(link.getChannelType(), body).target();
      gate.admit(this, wanted);
    } catch (Refusal e) {
      return CompletableFuture.failedFuture(e);
    }
    CompletableFuture<SocketChannel> reached = Reach.to(wanted, context, names, connectLimit);
    socket = reached;
    if (over) {
      drop();
    }
    return reached.handle(
        (made, failure) -> {
          if (failure != null) {
            throw new java.util.concurrent.CompletionException(
                new Refusal(
                    SshConstants.SSH_OPEN_CONNECT_FAILED,
                    wanted + ": " + String.valueOf(failure.getMessage())));
          }
          return made;
        });
  }

  @Override
  public void opened() {
    Splice made = new Splice(link, socket.join(), context, executor, closeLimit);
    splice = made;
    made.begin();
    if (over) {
      made.linkOver();
    }
  }

  @Override
  public boolean request(String type, Buffer body) {
    return false;
  }

  @Override
  public void over(@Nullable IOException cause) {
    over = true;
    Splice joined = splice;
    if (joined == null) {
      drop();
    } else {
      joined.linkOver();
    }
  }

  @Override
  public void released() {
    if (left.compareAndSet(false, true)) {
      gate.left(this);
    }
  }

  /** Ends it now. */
  public void cut() {
    Splice joined = splice;
    if (joined == null) {
      drop();
      Object unused = link.close(true);
    } else {
      joined.cut();
    }
  }

  private void drop() {
    CompletableFuture<SocketChannel> reached = socket;
    if (!reached.cancel(false) && !reached.isCompletedExceptionally()) {
      // The peer may have been told that it is open, and be about to send.
      Sockets.cut(reached.join(), context);
    }
  }
}
