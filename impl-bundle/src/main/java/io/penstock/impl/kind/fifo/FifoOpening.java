// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.fifo;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.blocking.InputPump;
import io.penstock.impl.kind.support.blocking.OpenFileInput;
import io.penstock.impl.kind.support.blocking.OpenFileOutput;
import io.penstock.impl.kind.support.blocking.OutputPump;
import io.penstock.impl.kind.support.selectable.DescriptorDriver;
import io.penstock.impl.kind.support.selectable.Nature;
import io.penstock.impl.posix.Carrier;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.PathName;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.FileInputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Opens an end of a FIFO, which waits in the system until somebody opens the other end: with native
 * calls only the writing end, and only if nobody reads yet. Cancelling {@link #result()} ends that
 * wait by opening the other end ourselves; another program that waits for that FIFO to be opened is
 * released, too, and sees it closed again.
 *
 * <p>The system tells nobody that a reader comes, but programs that have opened the FIFO already;
 * and a writer that opens it before a reader is there must be a reader itself for a moment, which
 * releases other writers that wait, and breaks what they write. Waiting in the open harms nobody.
 */
final class FifoOpening implements Runnable {
  private static final Logger LOG = Messages.log("fifo");
  private static final int TYPE = 0170000;
  private static final int FIFO = 0010000;

  /**
   * What to do.
   *
   * @param direction which end to open
   * @param options ask for the size of its buffer, with native calls
   * @param create the permissions of a FIFO to be made where there is none; null for not making one
   */
  record Plan(
      Direction direction, ChannelOptions options, @Nullable Set<PosixFilePermission> create) {}

  private final CompletableFuture<ChannelDriver> result = new CompletableFuture<>();
  private final PosixAccess posix;
  private final ProviderContext context;
  private final String shown;
  private final Path path;
  private final Direction direction;
  private final ChannelOptions options;
  private final @Nullable Set<PosixFilePermission> create;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean opening;
  private @Nullable FileChannel release;

  /**
   * An opening that has not begun.
   *
   * @param posix makes native calls
   * @param context of the channel
   * @param endpoint as the user gave it, for errors
   * @param path of the FIFO
   * @param plan what to do
   */
  FifoOpening(PosixAccess posix, ProviderContext context, String endpoint, Path path, Plan plan) {
    this.posix = posix;
    this.context = context;
    this.shown = endpoint;
    this.path = path;
    this.direction = plan.direction();
    this.options = plan.options();
    this.create = plan.create();
    CompletableFuture<?> unused =
        result.whenComplete(
            (driver, failure) -> {
              if (failure instanceof CancellationException) {
                cancel();
              }
            });
  }

  CompletableFuture<ChannelDriver> result() {
    return result;
  }

  @Override
  public void run() {
    try {
      Set<PosixFilePermission> permissions = create;
      if (permissions != null) {
        make(posix.calls(shown, "making a FIFO"), permissions);
      }
      check();
      ChannelDriver driver = open(posix.calls());
      if (driver != null && !result.complete(driver)) {
        driver.close();
      }
    } catch (NotSupportedException e) {
      result.completeExceptionally(e);
    } catch (IOException e) {
      result.completeExceptionally(Failures.address(shown, e));
    } catch (RuntimeException | Error e) {
      result.completeExceptionally(e);
    }
  }

  private void make(Posix calls, Set<PosixFilePermission> permissions) throws IOException {
    // Nobody else's until its permissions are set, whatever is masked out.
    int made = PathName.mkfifo(calls, path, 0600);
    if (made == -Linux.EEXIST) {
      return;
    }
    Linux.check("mkfifo", made);
    Files.setPosixFilePermissions(path, permissions);
  }

  private void check() throws IOException {
    int type;
    try {
      type = (Integer) Files.getAttribute(path, "unix:mode") & TYPE;
    } catch (UnsupportedOperationException | IllegalArgumentException e) {
      throw new IOException("this system does not say what is a FIFO", e);
    }
    if (type != FIFO) {
      throw new AddressException(Kind.INVALID, shown, "expected a FIFO, this is none", null);
    }
  }

  /** Returns null when cancelled before the wait began. */
  private @Nullable ChannelDriver open(@Nullable Posix calls) throws IOException {
    if (calls == null) {
      return waiting(this::openStreams);
    }
    if (direction == Direction.INPUT) {
      int fd = Linux.check("open", PathName.open(calls, path, Linux.O_RDONLY | Linux.O_NONBLOCK));
      return adopt(calls, fd, Nature.AWAITED);
    }
    int fd = PathName.open(calls, path, Linux.O_WRONLY | Linux.O_NONBLOCK);
    return fd == -Linux.ENXIO
        ? waiting(() -> adopt(calls, PathName.open(calls, path, Linux.O_WRONLY)))
        : adopt(calls, fd);
  }

  private ChannelDriver adopt(Posix calls, int fd) throws IOException {
    return adopt(calls, Linux.check("open", fd), Nature.PIPE);
  }

  private ChannelDriver adopt(Posix calls, int fd, Nature nature) throws IOException {
    Carrier carrier;
    try {
      carrier = Carrier.open(calls);
    } catch (IOException | RuntimeException | Error e) {
      calls.close(fd);
      throw e;
    }
    return new DescriptorDriver(carrier.adopt(fd), nature, context).withBuffer(options);
  }

  private ChannelDriver openStreams() throws IOException {
    String name = context.name();
    if (direction == Direction.INPUT) {
      OpenFileInput input = new OpenFileInput(new FileInputStream(path.toFile()));
      return new FifoDriver(new InputPump(name, "penstock-fifo-in-" + path, input), null);
    }
    OpenFileOutput output = new OpenFileOutput(FileChannel.open(path, StandardOpenOption.WRITE));
    return new FifoDriver(null, new OutputPump(name, "penstock-fifo-out-" + path, output));
  }

  /** Opens what waits for the other end. */
  @FunctionalInterface
  private interface Opening {
    ChannelDriver open() throws IOException;
  }

  private @Nullable ChannelDriver waiting(Opening task) throws IOException {
    if (!begin()) {
      return null;
    }
    try {
      return task.open();
    } finally {
      FileChannel held = finish();
      if (held != null) {
        held.close();
      }
    }
  }

  private boolean begin() {
    lock.lock();
    try {
      opening = !result.isDone();
      return opening;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable FileChannel finish() {
    lock.lock();
    try {
      opening = false;
      return release;
    } finally {
      lock.unlock();
    }
  }

  /** Holds both ends open until the wait is over. */
  private void cancel() {
    if (!isOpening()) {
      return;
    }
    FileChannel both;
    try {
      // Opened for both, a FIFO never waits.
      both = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          shown
              + ": cannot open the other end; a thread waits until somebody else does: "
              + Failures.reason(e));
      return;
    }
    boolean late;
    lock.lock();
    try {
      late = !opening;
      if (!late) {
        release = both;
      }
    } finally {
      lock.unlock();
    }
    if (late) {
      try {
        both.close();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "{0}: could not be closed", shown, e);
      }
    }
  }

  private boolean isOpening() {
    lock.lock();
    try {
      return opening;
    } finally {
      lock.unlock();
    }
  }
}
