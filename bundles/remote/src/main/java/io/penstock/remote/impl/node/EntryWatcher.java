// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import io.penstock.remote.spi.RemoteEntry;

/** Hears which entries of other containers can be used. One call at a time; must not wait. */
public interface EntryWatcher {
  /** It can be used from now on. */
  void added(RemoteEntry entry);

  /** It has another content from now on. */
  void changed(RemoteEntry old, RemoteEntry entry);

  /** It cannot be used any more. */
  void removed(RemoteEntry entry);
}
