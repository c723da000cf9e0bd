// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.io.IOException;
import java.util.concurrent.Executor;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A level, derived from the state of a stream: it is set as long as what it stands for is true.
 *
 * <p>Safe for use by any thread. A signal that is asked for late sees the present state. Parity
 * BP-17, BP-18, CH-16, CH-29, CH-40, PY-24.
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
   * @throws IOException if waiting is no longer possible because what the signal belongs to was
   *     closed
   */
  void await(Wait wait) throws IOException;

  /**
   * Calls back once for each change from clear to set, and once now if the signal is set. The call
   * is made on {@code executor}, never inside the call of the peer that caused the change and with
   * no lock held. What the callback throws is logged and does not end the watch. A signal that was
   * set and cleared again before anybody could look may go untold, and may be clear by the time of
   * the call.
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
