// SPDX-License-Identifier: Apache-2.0
package io.penstock.poller;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** One source, sink or listener at a {@link Poller}. Any thread may use it. */
@ProviderType
public interface Registration extends AutoCloseable {
  /**
   * Asks for one {@link PollEvent.Writable} as soon as the sink is writable.
   *
   * @return this
   * @throws IllegalStateException if this is not a sink's registration
   */
  Registration wantWritable();

  /**
   * Stops reading or accepting, so that back-pressure reaches the peer. Idempotent. Parity UV-14.
   *
   * @return this
   */
  Registration pause();

  /**
   * Reads or accepts again. Idempotent.
   *
   * @return this
   */
  Registration resume();

  /**
   * Keeps an object of the caller's with the registration.
   *
   * @param value the object, or null for none
   * @return this
   */
  Registration attach(@Nullable Object value);

  /**
   * The object of the caller's.
   *
   * @return what was attached last, or null
   */
  @Nullable Object attachment();

  /**
   * Unregisters without closing what was registered: bytes that were read and not delivered are
   * back on the source when this returns (when called from within the poll, when that event's call
   * returns). Idempotent. Parity YA-19.
   */
  @Override
  void close();
}
