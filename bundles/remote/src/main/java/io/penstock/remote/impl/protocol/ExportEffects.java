// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import io.penstock.remote.spi.RemoteEntry;

/** What {@link Exports} wants done. Called while an event is handled; gives it no further event. */
public interface ExportEffects {
  /** Stores an entry; {@link Exports#stored} hears what came of it. */
  void put(RemoteEntry entry);

  /** Removes an entry; {@link Exports#gone} hears what came of it. */
  void remove(RemoteEntry entry);

  /** Shows a sign of life. */
  void beat();
}
