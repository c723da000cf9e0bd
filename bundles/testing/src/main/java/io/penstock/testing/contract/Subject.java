// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import io.penstock.channel.Channel;
import io.penstock.pipe.Pipe;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What one case works on: a sink, and the source that its bytes come out of. */
public final class Subject implements AutoCloseable {
  private final ByteSink sink;
  private final ByteSource source;
  private final Consumer<Throwable> abort;
  private final @Nullable Channel near;
  private final @Nullable Channel far;
  private final List<AutoCloseable> owned;

  private Subject(
      ByteSink sink,
      ByteSource source,
      Consumer<Throwable> abort,
      @Nullable Channel near,
      @Nullable Channel far,
      List<AutoCloseable> owned) {
    this.sink = sink;
    this.source = source;
    this.abort = abort;
    this.near = near;
    this.far = far;
    this.owned = owned;
  }

  /**
   * Two ends that belong together.
   *
   * @param sink where the bytes go in
   * @param source where they come out
   * @param abort cuts the stream short on the writing side
   * @param owned closed in this order when the case is over
   * @return the subject
   */
  public static Subject of(
      ByteSink sink, ByteSource source, Consumer<Throwable> abort, AutoCloseable... owned) {
    return new Subject(sink, source, abort, null, null, List.of(owned));
  }

  /**
   * A pipe's two ends.
   *
   * @param pipe closed when the case is over
   * @return the subject
   */
  public static Subject of(Pipe pipe) {
    return of(pipe.sink(), pipe.source(), pipe::abort, pipe);
  }

  /**
   * Two channels that are each other's peer. The case writes to {@code near} and reads from {@code
   * far}.
   *
   * @param near closed when the case is over
   * @param far closed when the case is over; the same as {@code near} for a peer that sends back
   *     what it gets
   * @param owned closed afterwards, in this order
   * @return the subject
   */
  public static Subject of(Channel near, Channel far, AutoCloseable... owned) {
    AutoCloseable[] all = new AutoCloseable[owned.length + 2];
    // Whatever the case left unread or unsent must not hold it up for the close limit.
    all[0] = () -> release(near);
    all[1] = () -> release(far);
    System.arraycopy(owned, 0, all, 2, owned.length);
    return new Subject(near.sink(), far.source(), near::abort, near, far, List.of(all));
  }

  private static void release(Channel channel) {
    channel.abort(new CancellationException("the case is over"));
  }

  /**
   * Where the bytes go in.
   *
   * @return always the same
   */
  public ByteSink sink() {
    return sink;
  }

  /**
   * Where the bytes come out.
   *
   * @return always the same
   */
  public ByteSource source() {
    return source;
  }

  /**
   * Cuts the stream short on the writing side.
   *
   * @param cause why
   */
  public void abort(Throwable cause) {
    abort.accept(cause);
  }

  /**
   * The channel whose sink this is.
   *
   * @return the channel
   * @throws IllegalStateException if the subject is no channel
   */
  public Channel near() {
    return channel(near);
  }

  /**
   * The channel whose source this is.
   *
   * @return the channel
   * @throws IllegalStateException if the subject is no channel
   */
  public Channel far() {
    return channel(far);
  }

  private static Channel channel(@Nullable Channel channel) {
    if (channel == null) {
      throw new IllegalStateException(
          "the subject was made of two ends, but this case needs channels");
    }
    return channel;
  }

  /**
   * Closes what the subject owns.
   *
   * @throws IOException if some of it cannot be closed; the rest was closed all the same
   */
  @Override
  public void close() throws IOException {
    IOException failed = null;
    for (AutoCloseable each : owned) {
      try {
        each.close();
      } catch (Exception e) {
        if (failed == null) {
          failed = new IOException("the subject cannot be closed: " + e, e);
        } else {
          failed.addSuppressed(e);
        }
      }
    }
    if (failed != null) {
      throw failed;
    }
  }
}
