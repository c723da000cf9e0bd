// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.kind.support.Daemons;
import io.penstock.impl.kind.support.selectable.ReadyWatch;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Carrier;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A child that we have started. Its exit is waited for by a descriptor of the process; by a thread,
 * where the system has none to give, or the child outlives the product.
 */
final class SpawnedChild implements Running {
  private static final Logger LOG = Messages.log("process");

  /** The same on all machines. */
  private static final int PIDFD_OPEN = 434;

  private static final int P_PID = 1;
  private static final int WNOHANG = 1;
  private static final int WEXITED = 4;
  private static final int WNOWAIT = 0x01000000;

  /** {@code siginfo_t}, and where it says what we want to know. */
  private static final int INFO_BYTES = 128;

  private static final int INFO_CODE = 8;
  private static final int INFO_PID = 16;
  private static final int INFO_STATUS = 24;
  private static final int CLD_EXITED = 1;
  private static final int OF_SIGNAL = 128;

  private final Posix calls;
  private final int pid;
  private final CompletableFuture<Integer> exit = new CompletableFuture<>();

  /** Held for calls that do not wait: its number is another's once it was reaped. */
  private final ReentrantLock lock = new ReentrantLock();

  // Made before it is needed: an exit that is asked for without memory would never be told.
  private final ByteBuffer last;

  private boolean reaped;

  /**
   * A child that nobody waits for yet.
   *
   * @param calls makes native calls
   * @param pid its number
   */
  SpawnedChild(Posix calls, int pid) {
    this.calls = calls;
    this.last = info();
    this.pid = pid;
  }

  /**
   * Begins to wait for its exit.
   *
   * @param carrier for its descriptor; this child's from now on
   * @param context of its channel
   */
  void await(Carrier carrier, ProviderContext context) {
    SelectableChannel channel = null;
    try {
      channel = descriptor(carrier);
      ReadyWatch.start(context, channel, SelectionKey.OP_READ, new ExitWatch(channel, context));
      return;
    } catch (IOException | RuntimeException | Error e) {
      LOG.log(Level.DEBUG, "a thread waits for the child " + pid, e);
    }
    if (channel != null) {
      close(channel, context);
    }
    startWaiting();
  }

  private void startWaiting() {
    Daemons.start("penstock-child-" + pid, this::waitFor);
  }

  private SelectableChannel descriptor(Carrier carrier) throws IOException {
    int number = calls.call("syscall", PIDFD_OPEN, pid, 0);
    if (number < 0) {
      carrier.close();
      throw Linux.failure("pidfd_open", number);
    }
    try {
      Adopted descriptor = carrier.share(number, true);
      return Objects.requireNonNull(descriptor.input());
    } finally {
      calls.close(number);
    }
  }

  /** Looks for its exit. */
  private final class ExitWatch implements ReadyWatch.Task {
    private final SelectableChannel channel;
    private final ProviderContext context;
    private boolean vain;

    ExitWatch(SelectableChannel channel, ProviderContext context) {
      this.channel = channel;
      this.context = context;
    }

    @Override
    public int run() {
      Exit seen = reap();
      if (seen != null) {
        close(channel, context);
        tell(seen);
        return -1;
      }
      if (vain) {
        // A watch in its pause is not told that the product stops, and the child would stay.
        stopped();
        return -1;
      }
      vain = true;
      return 0;
    }

    @Override
    public void stopped() {
      close(channel, context);
      startWaiting();
    }
  }

  private void close(SelectableChannel channel, ProviderContext context) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "the descriptor of the child " + pid + " could not be closed", e);
    } finally {
      context.forgetClosed();
    }
  }

  /** Waits on this thread. */
  private void waitFor() {
    Exit seen;
    do {
      Exit unused = ask(info(), WEXITED | WNOWAIT);
      seen = reap();
    } while (seen == null);
    tell(seen);
  }

  /** Kills a child that was started in vain, and waits for it on this thread. */
  void discard() {
    kill();
    waitFor();
  }

  // ---- its exit

  /**
   * How it has ended.
   *
   * @param status as shells have it; -1 where the system has lost it
   */
  private record Exit(int status) {}

  private void tell(Exit seen) {
    if (seen.status < 0) {
      exit.completeExceptionally(new IOException("somebody else has waited for this child"));
    } else {
      exit.complete(seen.status);
    }
  }

  /** How it has ended; null if it has not. */
  private @Nullable Exit reap() {
    lock.lock();
    try {
      Exit seen = ask(last, WEXITED | WNOHANG);
      reaped |= seen != null;
      return seen;
    } finally {
      lock.unlock();
    }
  }

  private static ByteBuffer info() {
    return ByteBuffer.allocateDirect(INFO_BYTES).order(ByteOrder.nativeOrder());
  }

  /** For a caller that has the memory to itself. */
  private @Nullable Exit ask(ByteBuffer info, int options) {
    try {
      int result;
      info.putInt(INFO_PID, 0);
      do {
        result = calls.call("waitid", P_PID, pid, calls.address(info), options);
      } while (result == -Linux.EINTR);
      if (result < 0) {
        return new Exit(-1);
      }
      if (info.getInt(INFO_PID) == 0) {
        return null;
      }
      int status = info.getInt(INFO_STATUS);
      return new Exit(info.getInt(INFO_CODE) == CLD_EXITED ? status : OF_SIGNAL + status);
    } finally {
      Reference.reachabilityFence(info);
    }
  }

  @Override
  public long pid() {
    return pid;
  }

  @Override
  public boolean isAlive() {
    return !exit.isDone();
  }

  @Override
  public CompletableFuture<Integer> exit() {
    return exit;
  }

  // ---- signals

  @Override
  public void terminate() {
    send(Linux.SIGTERM);
  }

  @Override
  public void kill() {
    send(Linux.SIGKILL);
  }

  private void send(int number) {
    int result = signal(calls, number, false);
    if (result < 0 && result != -Linux.ESRCH) {
      // Its user is another by now.
      LOG.log(
          Level.WARNING, "the child {0} cannot be ended: {1}", pid, Linux.failure("kill", result));
    }
  }

  @Override
  public int signal(Posix with, int number, boolean group) {
    lock.lock();
    try {
      return reaped ? -Linux.ESRCH : with.kill(group ? -pid : pid, number);
    } finally {
      lock.unlock();
    }
  }
}
