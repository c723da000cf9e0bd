// SPDX-License-Identifier: Apache-2.0
package io.penstock.error;

import java.net.SocketTimeoutException;
import java.nio.channels.InterruptedByTimeoutException;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The data that every exception of this product has in addition to its type and message: the name
 * of the stream, and a count.
 */
@ProviderType
public interface StreamFault {
  /**
   * The name of the stream, channel, pipe or endpoint.
   *
   * @return the name, never empty
   */
  String stream();

  /**
   * The count for this failure. The documentation of an exception says what it counts; without that
   * it is 0.
   *
   * @return a number of bytes, or 0 where there is nothing to count
   */
  long count();

  /**
   * Whether a failure means "nothing now, try again later". Parity PY-01.
   *
   * @param failure ours or the JDK's; null is not
   * @return true for the would-block type
   */
  static boolean isBlocked(@Nullable Throwable failure) {
    return failure instanceof WouldBlockException;
  }

  /**
   * Whether a failure means that a time limit passed. Parity PY-02.
   *
   * @param failure ours or the JDK's; null is not
   * @return true for the time-out type and for the JDK's socket and asynchronous-channel time-outs
   */
  static boolean isTimedOut(@Nullable Throwable failure) {
    return failure instanceof StreamTimeoutException
        || failure instanceof SocketTimeoutException
        || failure instanceof InterruptedByTimeoutException
        || failure instanceof java.util.concurrent.TimeoutException;
  }
}
