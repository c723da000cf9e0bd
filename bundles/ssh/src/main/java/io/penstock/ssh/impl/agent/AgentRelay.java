// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.agent;

import io.penstock.channel.Channel;
import io.penstock.spi.Messages;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Hands what comes over channels to the user's agent, and its answers back. A thread is taken only
 * while the agent is asked. Safe for use by any thread.
 */
public final class AgentRelay implements Consumer<Channel> {
  private static final Logger LOG = Messages.log("ssh.agent");

  /** So long the agent's user may think. */
  private static final Duration LONGEST = Duration.ofMinutes(10);

  /** So long the peer may leave an answer unread. */
  private static final Wait UNREAD = Wait.upTo(Duration.ofSeconds(30));

  private final Path agent;
  private final Executor executor;

  /**
   * A relay.
   *
   * @param agent its socket
   * @param executor where the agent is asked, which may take its time
   */
  public AgentRelay(Path agent, Executor executor) {
    this.agent = agent;
    this.executor = executor;
  }

  @Override
  public void accept(Channel channel) {
    try {
      AgentSocket socket = AgentSocket.open(agent);
      new Line(channel, socket).begin(executor);
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: {1}", channel.name(), e.getMessage());
      channel.abort(e);
    }
  }

  /** One channel, and a connection to the agent. */
  private static final class Line {
    private final Channel channel;
    private final AgentSocket socket;
    private final AtomicInteger due = new AtomicInteger();
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile @Nullable Watch watch;

    // Only for the holder of the turn.
    private final ByteBuffer length = ByteBuffer.allocate(Integer.BYTES);
    private @Nullable ByteBuffer request;

    Line(Channel channel, AgentSocket socket) {
      this.channel = channel;
      this.socket = socket;
    }

    void begin(Executor executor) {
      Watch made = channel.source().readable().onSet(executor, this::comes);
      watch = made;
      channel.gone().whenComplete((done, failure) -> end(null));
      channel.closed().whenComplete((done, failure) -> end(null));
      if (over.get()) {
        made.close();
      }
    }

    private void comes() {
      if (due.getAndIncrement() > 0) {
        return;
      }
      int seen;
      do {
        seen = due.get();
        try {
          work();
        } catch (IOException | RuntimeException | Error e) {
          end(e);
        }
      } while (!due.compareAndSet(seen, 0));
    }

    private void work() throws IOException {
      while (!over.get()) {
        ByteBuffer into = request == null ? length : request;
        while (into.hasRemaining()) {
          int n = channel.source().read(into, Wait.none());
          if (n < 0) {
            end(null);
            return;
          }
          if (n == 0) {
            // The watch tells of more.
            return;
          }
        }
        if (request == null) {
          int most = length.getInt(0);
          if (most < 1 || most > AgentSocket.MAX_MESSAGE) {
            throw new IOException(
                channel.name()
                    + ": a request of "
                    + most
                    + " bytes came for the agent, expected 1 to "
                    + AgentSocket.MAX_MESSAGE);
          }
          request = ByteBuffer.allocate(most);
        } else {
          byte[] answer = socket.ask(request.array(), System.nanoTime() + LONGEST.toNanos());
          length.clear();
          request = null;
          ByteBuffer reply = ByteBuffer.allocate(Integer.BYTES + answer.length);
          channel.sink().writeFully(reply.putInt(answer.length).put(answer).flip(), UNREAD);
        }
      }
    }

    /** Ends both; cut if something is wrong. */
    private void end(@Nullable Throwable wrong) {
      if (!over.compareAndSet(false, true)) {
        return;
      }
      Watch watching = watch;
      if (watching != null) {
        watching.close();
      }
      try {
        socket.close();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "{0}: the connection to the agent was not closed", channel.name(), e);
      }
      if (wrong == null) {
        Object unused = channel.closeAsync();
      } else {
        LOG.log(Level.WARNING, "{0}: cut, because {1}", channel.name(), wrong.getMessage());
        channel.abort(wrong);
      }
    }
  }
}
