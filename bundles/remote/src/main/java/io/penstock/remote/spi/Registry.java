// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.spi;

import java.io.Closeable;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A connection to a registry, for one node. It keeps entries, and carries signs of life. It decides
 * nothing: which entry is believed, and when a node counts as dead, is decided above, in one way
 * for every registry.
 *
 * <p>It connects by itself when it is opened, and again whenever the connection was lost, until it
 * is closed. {@link RegistryListener} hears of both. No method waits. The methods may be called
 * from any thread; they are called one at a time.
 *
 * <p>While it is disconnected, {@link #put} and {@link #remove} fail, {@link #beat} does nothing,
 * and what {@link #watch} and {@link #follow} asked for is kept until it is connected.
 */
@ConsumerType
public interface Registry extends Closeable {
  /** For {@link #watch}: entries of every name. */
  String ALL = "*";

  /**
   * Whether nodes show signs of life here. If not, as in a list that a file has, each entry counts
   * as alive as long as it is there, and {@link #beat}, {@link #follow} and {@link #probe} are not
   * called.
   *
   * @return always the same
   */
  default boolean beats() {
    return true;
  }

  /**
   * Stores an entry of this node, in place of one with the same key.
   *
   * @param entry of this node
   * @return completes when the registry has it, so that others that watch are told; fails with an
   *     {@link java.io.IOException} when that is not known, or with the not-supported type where
   *     nothing can be stored
   */
  CompletionStage<Void> put(RemoteEntry entry);

  /**
   * Removes an entry. One of this node goes whatever its content is by now; one of another node,
   * which is dead, stays if it has another content.
   *
   * @param entry as it was last seen
   * @return completes when it is not there any more; fails as {@link #put} does
   */
  CompletionStage<Void> remove(RemoteEntry entry);

  /**
   * Tells the listener of the entries of a name from now on: first of those that are there, then
   * that these were all ({@link RegistryListener#known}), then of each change. After each
   * reconnection it tells all of this again from the beginning. Entries of this node are told, too,
   * once it has stored any, and whether their names are watched or not.
   *
   * @param name of the entries, or {@link #ALL}
   */
  void watch(String name);

  /**
   * Ends a watch.
   *
   * @param name as given to {@link #watch}
   */
  void unwatch(String name);

  /** Tells those that follow this node that it is alive. At most once; may be lost. */
  void beat();

  /**
   * Tells the listener of the beats of a node from now on. Beats of other nodes do not come here.
   *
   * @param node whose beats
   */
  void follow(String node);

  /**
   * Ends what {@link #follow} began.
   *
   * @param node whose beats
   */
  void unfollow(String node);

  /**
   * Asks whether a node is alive. While this object is open and connected, it answers those that
   * ask for its own node.
   *
   * @param node which
   * @param limit how long to wait for the answer
   * @return completes within about the limit, and never fails
   */
  CompletionStage<Answer> probe(String node, Duration limit);

  /**
   * Disconnects. Entries of this node stay: whoever closes removes them first. Afterwards the
   * listener hears nothing more. Idempotent; releases all threads and connections.
   */
  @Override
  void close();
}
