// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import io.penstock.remote.spi.RemoteEntry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** In which order several providers of a name are tried. */
public final class Choice {
  /** The one that is tried first is the first. */
  public static final Comparator<RemoteEntry> BY_RANK =
      Comparator.comparingInt(RemoteEntry::rank).reversed();

  private Choice() {}

  /**
   * Those that have all the wanted tags: by rank, the highest first, and at random among those of
   * one rank, so that those that connect are spread over them.
   */
  public static List<RemoteEntry> order(
      Collection<RemoteEntry> all, Map<String, String> tags, Random random) {
    List<RemoteEntry> chosen = new ArrayList<>();
    for (RemoteEntry each : all) {
      if (each.tags().entrySet().containsAll(tags.entrySet())) {
        chosen.add(each);
      }
    }
    Collections.shuffle(chosen, random);
    // Stable, so what is shuffled stays so among equals.
    chosen.sort(BY_RANK);
    return chosen;
  }
}
