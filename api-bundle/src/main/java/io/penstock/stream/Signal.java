// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import io.penstock.error.StreamTimeoutException;
import io.penstock.error.WouldBlockException;
import java.io.IOException;
import java.util.concurrent.Executor;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A level, derived from the state of a stream: it is set as long as its condition is true.
 *
 * <p>Safe for use by any thread. A signal that is first asked for late shows the present state.
 * Parity BP-17, BP-18, CH-16, CH-29, CH-40, PY-24.
 */
@ProviderType
public interface Signal {
  /**
   * Looks at the level now, without waiting.
   *
   * @return whether the signal is set
   */
  boolean isSet();

  /**
   * Waits until the signal is set. Returns at once when it is.
   *
   * @param wait how long
   * @throws io.penstock.error.StreamTimeoutException if the limit passes first
   * @throws io.penstock.error.WouldBlockException if {@code wait} is {@link Wait#none()} and the
   *     signal is clear
   * @throws java.io.InterruptedIOException if the thread is interrupted; its flag stays set
   * @throws IOException if waiting is no longer possible because the owner of the signal was closed
   */
  void await(Wait wait) throws IOException;

  /**
   * The same as {@link #await(Wait)}, and answers false where that throws because the limit has
   * passed.
   *
   * @param wait how long
   * @return whether the signal was set in time
   * @throws IOException as there, but no time-out
   */
  default boolean tryAwait(Wait wait) throws IOException {
    try {
      await(wait);
      return true;
    } catch (StreamTimeoutException | WouldBlockException e) {
      return false;
    }
  }

  /**
   * Runs a callback once for each change from clear to set, and once now if the signal is set. The
   * callback runs on {@code executor} with no lock held, never inside the call of the peer that
   * caused the change. An exception of the callback is logged and does not end the watch. If the
   * signal is set and soon cleared again, the callback may not run, or may run when the signal is
   * already clear.
   *
   * @param executor runs the callback
   * @param callback what to run
   * @return ends the watch when closed
   */
  Watch onSet(Executor executor, Runnable callback);

  /**
   * A signal that is set while this one or any of the others is.
   *
   * @param others the signals to join
   * @return the joined signal
   */
  Signal or(Signal... others);
}
