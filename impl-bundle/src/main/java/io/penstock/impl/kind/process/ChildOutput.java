// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.error.StreamClosedException;
import io.penstock.impl.buffer.MemoryPipe;
import io.penstock.impl.engine.Account;
import io.penstock.impl.engine.Counted;
import io.penstock.impl.kind.support.Daemons;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.LingeringSource;
import io.penstock.impl.kind.support.SystemBuffers;
import io.penstock.impl.kind.support.selectable.Bounded;
import io.penstock.impl.kind.support.selectable.Drain;
import io.penstock.impl.kind.support.selectable.ReadyWatch;
import io.penstock.impl.kind.support.selectable.SelectedSource;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What a child writes, read from the pipe itself.
 *
 * <p>Of a child with two outputs the one that is not read would stall it when its pipe is full, and
 * so a caller that waits for the other would wait for ever. While one output has nothing, the other
 * is therefore read ahead into memory, up to a limit. A child of whose outputs nobody reads any is
 * stalled, as it should be.
 */
final class ChildOutput extends SelectedSource implements LingeringSource, Counted {
  private static final Logger LOG = Messages.log("process");
  private static final int PIECE = 64 * 1024;

  /** The most that a pipe of this system has in it, unless somebody with privileges enlarged it. */
  private static final long LARGEST_PIPE = 1024 * 1024;

  private final String name;
  private final Pipe.SourceChannel channel;
  private final long limit;
  private final boolean terminal;
  private final AtomicBoolean gathering = new AtomicBoolean();
  private volatile Runnable ready = () -> {};
  private volatile @Nullable ChildOutput other;
  private volatile boolean starving;
  private volatile boolean exited;
  private volatile boolean closed;
  private volatile @Nullable Throwable failure;

  /** Keeps what was read ahead in its place before what is still in the pipe. */
  private final ReentrantLock order = new ReentrantLock();

  private volatile @Nullable MemoryPipe ahead;
  private volatile @Nullable Account account;

  /** Of the thread that drops what comes after the product has stopped. */
  private volatile @Nullable Selector dropper;

  private boolean told;
  private long left = LARGEST_PIPE;

  /** Tells the size of the pipe; null once it was asked, and where nothing tells it. */
  private SystemBuffers.@Nullable Buffer size;

  /**
   * Takes a pipe over.
   *
   * @param context of the channel
   * @param name of the output, for errors
   * @param channel our end, non-blocking
   * @param size tells the size of the pipe
   * @param limit how many bytes are read ahead at most; 0 for none
   */
  ChildOutput(
      ProviderContext context,
      String name,
      Pipe.SourceChannel channel,
      SystemBuffers.Buffer size,
      long limit) {
    this(context, name, channel, size, limit, false);
  }

  /** Takes our side of a terminal over, as above. */
  ChildOutput(ProviderContext context, Pipe.SourceChannel screen) {
    this(context, context.name(), screen, null, 0, true);
  }

  private ChildOutput(
      ProviderContext context,
      String name,
      Pipe.SourceChannel channel,
      SystemBuffers.@Nullable Buffer size,
      long limit,
      boolean terminal) {
    super(context, channel);
    this.size = size;
    this.terminal = terminal;
    this.name = name;
    this.channel = channel;
    this.limit = limit;
  }

  /** Names the child's other output, which must not stall while this one is waited for. */
  void beside(ChildOutput value) {
    other = value;
  }

  // ---- reading

  @Override
  public int read(ByteBuffer dst) throws IOException {
    Throwable cause = failure;
    if (cause != null) {
      throw new IOException(name + ": " + cause.getMessage(), cause);
    }
    int n;
    order.lock();
    try {
      n = buffered(dst);
      if (n == 0) {
        n = pull(dst);
      }
    } finally {
      order.unlock();
    }
    starving = n == 0;
    ChildOutput sibling = other;
    if (sibling != null && n == 0) {
      sibling.gather();
    } else if (sibling != null && sibling.starving) {
      // There may be room again for what the sibling's reader waits behind.
      gather();
    }
    return n;
  }

  private int buffered(ByteBuffer dst) throws IOException {
    MemoryPipe memory = ahead;
    if (memory == null) {
      return 0;
    }
    int n = memory.source().read(dst);
    if (memory.source().available() == 0) {
      // The next time may be long after.
      boolean unused = memory.trim();
    }
    return n;
  }

  /** Reads from the pipe; with the order. */
  private int pull(ByteBuffer dst) throws IOException {
    if (ended) {
      return -1;
    }
    // Once: the child may exit meanwhile, and a read that had no bound must not count for the last.
    boolean last = exited;
    int most = dst.limit();
    if (last) {
      // All of it is here; what comes beyond is of another program, which has the child's output.
      dst.limit((int) Math.min(most, dst.position() + left));
    }
    int n;
    try {
      n = Bounded.read(channel, dst);
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(name);
    } catch (IOException e) {
      if (!terminal) {
        throw new IOException(name + ": " + Failures.reason(e), e);
      }
      // How Linux says that nobody has the terminal any more.
      LOG.log(Level.DEBUG, "{0}: the terminal has ended", name, e);
      n = -1;
    } finally {
      dst.limit(most);
    }
    if (last && n > 0) {
      left -= n;
      if (left == 0) {
        left = enlarged();
      }
    }
    if (n < 0 || (last && (n == 0 || left == 0))) {
      ended = true;
      return n > 0 ? n : -1;
    }
    return n;
  }

  /** How much more than that there may be, in a pipe that somebody has enlarged; told once. */
  private long enlarged() {
    SystemBuffers.Buffer asked = size;
    size = null;
    if (asked == null) {
      return 0;
    }
    try {
      return Math.max(0, asked.size() - LARGEST_PIPE);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: its pipe is taken as not enlarged", name, e);
      return 0;
    }
  }

  @Override
  public long available() {
    MemoryPipe memory = ahead;
    return memory == null ? 0 : memory.source().available();
  }

  @Override
  public boolean ready() {
    return ended || exited || failure != null || available() > 0;
  }

  @Override
  public boolean ended() {
    return ended && available() == 0;
  }

  @Override
  public void onReady(Runnable callback) {
    ready = callback;
  }

  // ---- its memory

  @Override
  public long progress() {
    MemoryPipe memory = ahead;
    return memory == null ? 0 : memory.progress();
  }

  @Override
  public void trim() {
    MemoryPipe memory = ahead;
    boolean unused = memory != null && memory.trim();
  }

  @Override
  public void countTo(Account value) {
    account = value;
  }

  // ---- reading ahead

  private void gather() {
    if (limit > 0 && !closed && !ended && gathering.compareAndSet(false, true)) {
      watch(this::gathered);
    }
  }

  private void watch(ReadyWatch.Task task) {
    try {
      ReadyWatch.start(context, channel, SelectionKey.OP_READ, task);
    } catch (RuntimeException | Error e) {
      gathering.set(false);
      LOG.log(Level.WARNING, "{0}: the child may stall, its output cannot be waited for", name, e);
    }
  }

  /** Returns as {@link ReadyWatch.Task#run} does. */
  private int gathered() {
    if (closed) {
      // The close drops what comes.
      return -1;
    }
    int n = 0;
    boolean full = false;
    order.lock();
    try {
      MemoryPipe memory = ahead;
      if (memory == null) {
        memory = new MemoryPipe(name, limit, false);
        Account mine = account;
        if (mine != null) {
          memory.countTo(mine::count);
        }
        ahead = memory;
      }
      int room = (int) Math.min(PIECE, memory.sink().room());
      full = room == 0;
      if (closed) {
        memory.source().close();
      } else if (!full) {
        ByteBuffer piece = ByteBuffer.allocate(room);
        n = pull(piece);
        piece.flip();
        while (piece.hasRemaining()) {
          memory.sink().write(piece);
        }
      }
    } catch (IOException e) {
      // The reader will meet it, too, or it has been closed.
      LOG.log(Level.DEBUG, "{0}: nothing more to read ahead", name, e);
      n = -1;
    } finally {
      order.unlock();
    }
    if (full && !told) {
      told = true;
      LOG.log(
          Level.WARNING,
          "{0}: {1} bytes wait unread, and the child with them; read or close this output, too",
          name,
          limit);
    }
    if (n != 0) {
      ready.run();
    }
    if (closed) {
      return -1;
    }
    if (n >= 0 && !full && wanted()) {
      return n;
    }
    gathering.set(false);
    // A thread that began to wait, or made room, meanwhile found us at it still.
    boolean on = n >= 0 && wanted() && hasRoom() && gathering.compareAndSet(false, true);
    return on ? 1 : -1;
  }

  private boolean hasRoom() {
    MemoryPipe memory = ahead;
    return memory == null || memory.sink().room() > 0;
  }

  private boolean wanted() {
    ChildOutput sibling = other;
    return sibling != null && sibling.starving;
  }

  // ---- the end

  @Override
  public void finish() {
    exited = true;
    ready.run();
  }

  @Override
  public void abort(Throwable cause) {
    failure = cause;
    cut();
    dropAhead();
    ready.run();
  }

  private void dropAhead() {
    order.lock();
    try {
      MemoryPipe memory = ahead;
      if (memory != null) {
        memory.source().close();
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: the buffer could not be closed", name, e);
    } finally {
      order.unlock();
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    dropAhead();
    // What comes is dropped, so that the child is not stalled.
    watch(new Dropped());
  }

  /** Drops what comes, and goes on with it when the product has stopped before the child. */
  private final class Dropped implements ReadyWatch.Task {
    private final Drain drain = new Drain(channel);

    @Override
    public int run() {
      return drain.run();
    }

    @Override
    public void stopped() {
      Daemons.start("penstock-drain", this::dropRest);
    }

    private void dropRest() {
      try (Selector selector = Selector.open()) {
        dropper = selector;
        channel.register(selector, SelectionKey.OP_READ);
        while (drain.run() >= 0) {
          selector.select();
          selector.selectedKeys().clear();
        }
      } catch (IOException e) {
        LOG.log(Level.WARNING, "{0}: what the child still writes cannot be dropped", name, e);
        cut();
      }
    }
  }

  @Override
  public void cut() {
    closed = true;
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: the input could not be closed", name, e);
    } finally {
      context.forgetClosed();
      Selector waits = dropper;
      if (waits != null) {
        waits.wakeup();
      }
    }
  }
}
