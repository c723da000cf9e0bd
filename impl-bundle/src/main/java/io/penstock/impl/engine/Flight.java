// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * Records for the JDK's flight recorder what takes time or goes wrong. While nobody records, {@link
 * #begin} allocates nothing and reads no clock. A Java runtime may lack the recorder.
 */
public final class Flight {
  /** What is recorded. */
  public enum Kind {
    /** A thread was parked at an end. */
    WAIT,
    /** A channel was connected, or could not be. */
    CONNECT,
    /** A peer was accepted. */
    ACCEPT,
    /** A handshake above a connection was done, or failed. */
    HANDSHAKE,
    /** A peer has sent more without a frame's end than is allowed. */
    FRAME_TOO_LONG,
    /** A connection through a relay is over. */
    RELAY_END
  }

  /** Something that has begun. */
  public interface Span {
    /**
     * It is over.
     *
     * @param name of the stream, listener or relay
     * @param what it waited for, where it connected to, the peer, or the protocol
     * @param there bytes that went there, or a limit in bytes
     * @param back bytes that came back
     * @param cause why it failed; null if it did not
     */
    void end(String name, String what, long there, long back, @Nullable Throwable cause);
  }

  /** What there is to record with: apart, because its classes may be missing. */
  interface Recorder {
    @Nullable Span begin(Kind kind);
  }

  private static final Logger LOG = Messages.log("flight");
  private static final @Nullable Recorder RECORDER = recorder();
  private static volatile boolean broken;

  private Flight() {}

  private static @Nullable Recorder recorder() {
    try {
      return JdkRecorder.open();
    } catch (LinkageError e) {
      // A Java runtime, or a framework, without jdk.jfr.
      return null;
    }
  }

  /** Begins to record something; null if nobody records it. */
  public static @Nullable Span begin(Kind kind) {
    Recorder present = RECORDER;
    if (present == null || broken) {
      return null;
    }
    try {
      return present.begin(kind);
    } catch (RuntimeException | LinkageError e) {
      broken(e);
      return null;
    }
  }

  /** What is recorded must not suffer from its recorder: no more is told to it. */
  static void broken(Throwable cause) {
    broken = true;
    LOG.log(Level.WARNING, "the flight recorder takes no more events of Penstock", cause);
  }
}
