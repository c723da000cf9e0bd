// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import io.penstock.remote.spi.RemoteEntry;

/** What {@link Imports} wants done. Called while an event is handled; gives it no further event. */
public interface ImportEffects {
  /** The entry can be used from now on. */
  void added(RemoteEntry entry);

  /** The entry cannot be used any more. */
  void removed(RemoteEntry entry, Removal why);

  /** The entry has another content; it was added before. */
  void changed(RemoteEntry old, RemoteEntry entry);

  /** Asks a node; the answer comes back with the number of the question. */
  void ask(String node, long question);

  /** Wants the beats of a node. */
  void follow(String node);

  /** Wants them no more. */
  void unfollow(String node);

  /** Wants an entry removed from the registry, because its node has been dead for long. */
  void purge(RemoteEntry entry);
}
