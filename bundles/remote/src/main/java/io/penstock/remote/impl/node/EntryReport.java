// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import io.penstock.remote.spi.RemoteEntry;
import io.penstock.runtime.RemoteEntryDTO;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What operators are told of the entries of a registry. For one thread. */
final class EntryReport {
  /** The time of the last sign of life of a node that shows none. */
  static final long UNHEARD = Long.MIN_VALUE;

  private final OpenChannels channels;
  private final Map<String, String> troubles;
  private final long now = System.nanoTime();
  private final long wall = System.currentTimeMillis();
  private final List<RemoteEntryDTO> entries = new ArrayList<>();

  EntryReport(OpenChannels channels, Map<String, String> troubles) {
    this.channels = channels;
    this.troubles = troubles;
  }

  void own(RemoteEntry entry, boolean stored) {
    add(entry, stored ? RemoteEntryDTO.State.PUBLISHED : RemoteEntryDTO.State.PENDING, 0);
  }

  /** One of another node, which was heard at that time by the clock of the protocol. */
  void other(RemoteEntry entry, boolean used, boolean dead, long heard) {
    RemoteEntryDTO.State state =
        used
            ? RemoteEntryDTO.State.ALIVE
            : dead ? RemoteEntryDTO.State.DEAD : RemoteEntryDTO.State.ASKED;
    add(entry, state, heard == UNHEARD ? 0 : wall - TimeUnit.NANOSECONDS.toMillis(now - heard));
  }

  private void add(RemoteEntry entry, RemoteEntryDTO.State state, long heard) {
    entries.add(
        new RemoteEntryDTO(
            entry.name(),
            entry.node(),
            entry.endpoint().anonymous().toString(),
            entry.rank(),
            entry.tags(),
            state,
            heard,
            channels.count(entry.key()),
            troubles.get(entry.key())));
  }

  /** All of them, in the order of names, and of ranks within a name. */
  List<RemoteEntryDTO> entries() {
    entries.sort(
        Comparator.comparing(RemoteEntryDTO::name)
            .thenComparing(Comparator.comparingInt(RemoteEntryDTO::rank).reversed())
            .thenComparing(RemoteEntryDTO::endpoint));
    return List.copyOf(entries);
  }
}
