// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import io.penstock.remote.spi.RemoteEntry;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Looks after open channels whose providers go. All on the node's thread. Channels outlive the node
 * that has opened them, so the next one for the same registry goes on with their care.
 */
final class Care {
  private final OpenChannels channels;
  private final OnRemoved onRemoved;
  private final Predicate<RemoteEntry> usable;
  private final Consumer<Runnable> inOneSession;
  // Names of channels that an earlier node has opened, until the registry has told of them.
  private final Set<String> inherited = new HashSet<>();

  /**
   * Does nothing yet.
   *
   * @param usable whether an entry is there
   * @param inOneSession runs a task on the thread when a session has passed
   */
  Care(
      OpenChannels channels,
      OnRemoved onRemoved,
      Predicate<RemoteEntry> usable,
      Consumer<Runnable> inOneSession) {
    this.channels = channels;
    this.onRemoved = onRemoved;
    this.usable = usable;
    this.inOneSession = inOneSession;
  }

  /**
   * Goes on with channels that are open.
   *
   * @param watch has a name watched
   * @param told whether the registry has told of a name already
   */
  void inherit(Consumer<String> watch, Predicate<String> told) {
    channels.trusted().forEach(each -> inherited.add(each.entry.name()));
    for (RemoteEntry entry : channels.doubtful()) {
      inherited.add(entry.name());
      if (onRemoved != OnRemoved.KEEP) {
        lookLater(entry);
      }
    }
    inherited.forEach(watch);
    List.copyOf(inherited).stream().filter(told).forEach(this::known);
  }

  /**
   * The registry has told of a name. Nobody tells that a provider went between two nodes. One that
   * answers late is trusted again when it answers.
   */
  void known(String name) {
    if (inherited.remove(name) && onRemoved != OnRemoved.KEEP) {
      for (OpenChannel each : channels.trusted()) {
        if (each.entry.name().equals(name) && !usable.test(each.entry)) {
          late(each, OnRemoved.ABORT_IF_SILENT);
        }
      }
    }
  }

  /** A channel was opened; its provider may have gone while it was being connected. */
  void opened(OpenChannel made) {
    if (!usable.test(made.entry)) {
      late(made, onRemoved);
    }
  }

  private void late(OpenChannel one, OnRemoved how) {
    if (channels.late(one, how)) {
      lookLater(one.entry);
    }
  }

  /** An entry is there, or there again. */
  void added(RemoteEntry entry) {
    channels.trust(entry);
  }

  /** An entry has gone. */
  void removed(RemoteEntry entry) {
    if (channels.gone(entry, onRemoved)) {
      lookLater(entry);
    }
  }

  private void lookLater(RemoteEntry entry) {
    inOneSession.accept(
        () -> {
          if (channels.look(entry)) {
            lookLater(entry);
          }
        });
  }
}
