// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What an operator can do to a single object. A service; without OSGi {@code Penstock.control()}.
 * Safe for use by any thread; no method waits for a peer.
 *
 * <p>Each object is named by its name, or by {@code #ID} with the number of {@link
 * PenstockRuntime}'s records; a handler by its name or by {@code handler#ID} with its service's
 * number, which another object may have, too. Every method throws {@link IllegalArgumentException}
 * if there is no such object, if the name is that of several, or if the object is not of a kind
 * that the method is for: the message names those that are meant.
 */
@ProviderType
public interface PenstockControl {
  /**
   * Says in one paragraph what an object waits for, since when, which thread or peer holds it, and
   * what would release it.
   *
   * @param name of a pipe, channel, listener, relay, poller, handler, or of something configured
   *     that is not there
   * @return plain text in one line
   */
  String why(String name);

  /**
   * Closes a pipe, channel, listener or relay. What a sink has taken is still sent within the close
   * limit.
   *
   * @param name of the object
   */
  void close(String name);

  /**
   * Holds a pipe, a channel, a listener or a relay: its source gives nothing, or it accepts nobody,
   * until {@link #resume}. Writers meet back-pressure. A call that waits at the source already has
   * its next bytes still. Does nothing if it is held.
   *
   * @param name of the object
   * @throws IllegalArgumentException also if the source was declared to have one caller only
   */
  void pause(String name);

  /**
   * Lets an object go on. Does nothing if it is not held.
   *
   * @param name of the object
   */
  void resume(String name);

  /**
   * Shows bytes that are in memory and wait to be read; takes nothing.
   *
   * @param name of a pipe or a channel
   * @param max how many at most, 1 to 1,048,576
   * @return a copy, in the order of the stream; empty if there are none
   * @throws IOException if a call is reading just now, so that nothing can be said, or the source
   *     has failed
   */
  ByteBuffer peek(String name, int max) throws IOException;

  /**
   * Copies what goes by from now on, without slowing it. What the reader of the copy does not take
   * in time is dropped and counted.
   *
   * @param name of a pipe or a channel
   * @param capacity how many bytes of copies are kept for their reader, for each direction, 1 to
   *     16,777,216
   * @return to be closed by the caller
   */
  Tap tap(String name, int capacity);

  /**
   * Writes a line into the log for each operation of an object's ends: how many bytes, which
   * thread. The logger is {@code io.penstock.trace}, at the level INFO.
   *
   * @param name of a pipe or a channel
   * @param on whether from now on, or no longer
   */
  void trace(String name, boolean on);
}
