// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.fifo;

import io.penstock.channel.Direction;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.pump.FileInput;
import io.penstock.impl.kind.support.pump.FileOutput;
import io.penstock.impl.kind.support.pump.InputPump;
import io.penstock.impl.kind.support.pump.OutputPump;
import io.penstock.spi.ChannelDriver;
import java.io.FileInputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Opens an end of a FIFO, which waits in the system until somebody opens the other end. Cancelling
 * {@link #result()} ends that wait by opening the other end ourselves; somebody else who waits for
 * that FIFO to be opened is released, too, and sees it closed again.
 */
final class FifoOpening implements Runnable {
  private static final Logger LOG = System.getLogger("io.penstock");
  private static final int TYPE = 0170000;
  private static final int FIFO = 0010000;

  private final CompletableFuture<ChannelDriver> result = new CompletableFuture<>();
  private final String name;
  private final String shown;
  private final Path path;
  private final Direction direction;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean opening;
  private @Nullable FileChannel release;

  FifoOpening(String name, String shown, Path path, Direction direction) {
    this.name = name;
    this.shown = shown;
    this.path = path;
    this.direction = direction;
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
      check();
      ChannelDriver driver = open();
      if (driver != null && !result.complete(driver)) {
        driver.close();
      }
    } catch (IOException e) {
      result.completeExceptionally(Failures.address(shown, e));
    } catch (RuntimeException | Error e) {
      result.completeExceptionally(e);
    }
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
  private @Nullable ChannelDriver open() throws IOException {
    if (!begin()) {
      return null;
    }
    try {
      if (direction == Direction.INPUT) {
        FileInput input = new FileInput(new FileInputStream(path.toFile()));
        return new FifoDriver(new InputPump(name, "penstock-fifo-in-" + path, input), null);
      }
      FileOutput output = new FileOutput(FileChannel.open(path, StandardOpenOption.WRITE));
      return new FifoDriver(null, new OutputPump(name, "penstock-fifo-out-" + path, output));
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
        LOG.log(Level.WARNING, shown + ": could not be closed", e);
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
