// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.PollerDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import io.penstock.spi.Messages;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * An object that a user can name. Immutable.
 *
 * @param kind such as {@code pipe}
 * @param name of the object; not unique
 * @param id its number, a handler's {@code service.id}; 0 for what has none
 * @param object its record
 */
record Named(String kind, String name, long id, Record object) {
  static final String PIPE = "pipe";
  static final String CHANNEL = "channel";
  static final String LISTENER = "listener";
  static final String RELAY = "relay";
  static final String POLLER = "poller";
  static final String HANDLER = "handler";
  static final String AWAITED = "awaited";

  /** Every kind. */
  static final Set<String> ANY = Set.of(PIPE, CHANNEL, LISTENER, RELAY, POLLER, HANDLER, AWAITED);

  /** What bytes go through. */
  static final Set<String> STREAMS = Set.of(PIPE, CHANNEL);

  /** What can be held and closed. */
  static final Set<String> CLOSEABLE = Set.of(PIPE, CHANNEL, LISTENER, RELAY);

  /** All that there is, in the order of a report. */
  static List<Named> all(RuntimeDTO runtime) {
    List<Named> all = new ArrayList<>();
    for (PipeDTO pipe : runtime.pipes()) {
      all.add(new Named(PIPE, pipe.name(), pipe.id(), pipe));
    }
    for (ChannelDTO channel : runtime.channels()) {
      all.add(new Named(CHANNEL, channel.name(), channel.id(), channel));
    }
    for (ListenerDTO listener : runtime.listeners()) {
      all.add(new Named(LISTENER, listener.name(), listener.id(), listener));
    }
    for (RelayDTO relay : runtime.relays()) {
      all.add(new Named(RELAY, relay.name(), relay.id(), relay));
    }
    for (PollerDTO poller : runtime.pollers()) {
      all.add(new Named(POLLER, poller.name(), poller.id(), poller));
    }
    for (ServerDTO server : runtime.servers()) {
      all.add(new Named(HANDLER, server.name(), server.serviceId(), server));
    }
    for (FailedHandlerDTO failed : runtime.failed()) {
      all.add(new Named(HANDLER, failed.name(), failed.serviceId(), failed));
    }
    for (AwaitedDTO awaited : runtime.awaited()) {
      all.add(new Named(AWAITED, awaited.name(), 0, awaited));
    }
    return all;
  }

  /**
   * Those that a user means.
   *
   * @param word a name; or a number, with {@code #} before it or not: shells take that for the
   *     beginning of a comment; or {@code handler#ID}
   * @param kinds which are meant
   * @return one or more
   * @throws IllegalArgumentException if there is none; the message proposes a name
   */
  static List<Named> find(RuntimeDTO runtime, String word, Set<String> kinds) {
    List<Named> all = all(runtime);
    List<Named> found =
        all.stream().filter(one -> one.is(word) && kinds.contains(one.kind())).toList();
    if (!found.isEmpty()) {
      return found;
    }
    if (word.matches("[0-9]+")) {
      return find(runtime, "#" + word, kinds);
    }
    String other =
        all.stream()
            .filter(one -> one.is(word))
            .findFirst()
            .map(one -> "; '" + word + "' is " + one.described())
            .orElse("");
    throw new IllegalArgumentException(
        "there is no "
            + String.join(" or ", new TreeSet<>(kinds.equals(ANY) ? Set.of("object") : kinds))
            + " named '"
            + word
            + "'"
            + (other.isEmpty() ? Messages.didYouMean(word, names(runtime, kinds)) : other));
  }

  private String described() {
    return switch (kind) {
      case AWAITED -> "configured, and not there";
      default -> "a " + kind;
    };
  }

  private boolean is(String word) {
    return word.equals(name) || word.equals(reference());
  }

  /**
   * What {@link io.penstock.runtime.PenstockControl} takes for it: its number if it has one, or
   * else its name. A handler's is the service's, which another object may have, too.
   */
  String reference() {
    if (id == 0) {
      return name;
    }
    return (kind.equals(HANDLER) ? HANDLER : "") + "#" + id;
  }

  /** The names of some kinds, each once, from A to Z. */
  static List<String> names(RuntimeDTO runtime, Set<String> kinds) {
    return List.copyOf(
        new TreeSet<>(
            all(runtime).stream()
                .filter(one -> kinds.contains(one.kind()))
                .map(Named::name)
                .toList()));
  }
}
