// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import io.penstock.impl.core.Onlooker;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.runtime.Tap;
import io.penstock.spi.Messages;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;

/** Copies of what goes by, in a pipe for each direction, whose writers never wait. */
final class Copies implements Tap {
  private static final System.Logger LOG = Messages.log("core");

  private final Direction read;
  private final Direction written;
  private final LongAdder dropped = new LongAdder();
  private volatile Runnable onClose = () -> {};

  /**
   * Makes a tap that is not at its object yet.
   *
   * @param name of the object
   * @param capacity of each of the pipes
   */
  Copies(Engine engine, String name, int capacity) {
    this.read = new Direction(engine, name + " read", capacity);
    this.written = new Direction(engine, name + " written", capacity);
  }

  /** Copies one direction. */
  private final class Direction implements Onlooker {
    private final DrivenPipe pipe;
    // Whether nobody reads this direction any more: an exception for each piece would slow it.
    private volatile boolean unread;

    Direction(Engine engine, String name, int capacity) {
      pipe = new DrivenPipe(PipeOptions.defaults().withName(name).withCapacity(capacity), engine);
    }

    @Override
    public void saw(ByteBuffer bytes) {
      if (!unread) {
        try {
          int unused = pipe.sink().write(bytes, Wait.none());
        } catch (IOException e) {
          // The tap is closed, or its reader has closed this direction.
          unread = true;
          LOG.log(Level.TRACE, "no copy is taken", e);
        }
      }
      dropped.add(bytes.remaining());
    }

    @Override
    public void missed(long bytes) {
      dropped.add(bytes);
    }

    void end() {
      try {
        pipe.sink().end();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "{0}: the copies could not be ended", pipe.name(), e);
      }
    }
  }

  Onlooker forRead() {
    return read;
  }

  Onlooker forWritten() {
    return written;
  }

  /** Sets what takes it away from its object. */
  void onClose(Runnable task) {
    onClose = task;
  }

  @Override
  public ByteSource read() {
    return read.pipe.source();
  }

  @Override
  public ByteSource written() {
    return written.pipe.source();
  }

  @Override
  public long dropped() {
    return dropped.sum();
  }

  @Override
  public void close() {
    onClose.run();
    read.end();
    written.end();
  }
}
