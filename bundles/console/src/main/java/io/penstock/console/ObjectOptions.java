// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.console.KnownOptions.Option;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RuntimeDTO;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The options of an object: those of its configuration; those of the listener that accepted it; or
 * else what the object itself tells, with the bundle that made it so.
 */
final class ObjectOptions {
  private final RuntimeDTO now;
  private final @Nullable KnownOptions known;

  ObjectOptions(RuntimeDTO now, @Nullable KnownOptions known) {
    this.now = now;
    this.known = known;
  }

  /** The options of the object of that kind and number; none if there is no such object. */
  List<Option> of(String kind, String id) {
    return switch (kind) {
      case RuntimeChanges.PIPES ->
          now.pipes().stream()
              .filter(one -> id.equals(String.valueOf(one.id())))
              .findFirst()
              .map(this::pipe)
              .orElse(List.of());
      case RuntimeChanges.CHANNELS ->
          now.channels().stream()
              .filter(one -> id.equals(String.valueOf(one.id())))
              .findFirst()
              .map(this::channel)
              .orElse(List.of());
      case RuntimeChanges.LISTENERS ->
          now.listeners().stream()
              .filter(one -> id.equals(String.valueOf(one.id())))
              .findFirst()
              .map(this::listener)
              .orElse(List.of());
      case RuntimeChanges.RELAYS ->
          now.relays().stream()
              .filter(one -> id.equals(String.valueOf(one.id())))
              .findFirst()
              .map(this::relay)
              .orElse(List.of());
      default -> List.of();
    };
  }

  private List<Option> pipe(PipeDTO pipe) {
    List<Option> configured = configured("io.penstock.Pipe", pipe.owner(), pipe.name());
    return configured.isEmpty()
        ? List.of(new Option("capacity", pipe.capacity() + " B", maker(pipe.owner())))
        : configured;
  }

  private List<Option> channel(ChannelDTO channel) {
    List<Option> configured = configured("io.penstock.Channel", channel.owner(), channel.name());
    if (!configured.isEmpty()) {
      return configured;
    }
    return now.listeners().stream()
        .filter(one -> one.endpoint().equals(channel.endpoint()))
        .findFirst()
        .map(
            one ->
                listener(one).stream()
                    .map(
                        option ->
                            new Option(
                                option.key(),
                                option.value(),
                                "listener " + one.name() + ": " + option.origin()))
                    .toList())
        .orElseGet(
            () -> List.of(new Option("endpoint", channel.endpoint(), maker(channel.owner()))));
  }

  private List<Option> listener(ListenerDTO listener) {
    List<Option> configured = configured("io.penstock.Listener", listener.owner(), listener.name());
    return configured.isEmpty()
        ? List.of(
            new Option("endpoint", listener.endpoint(), maker(listener.owner())),
            new Option(
                "maxConnections",
                String.valueOf(listener.maxConnections()),
                maker(listener.owner())))
        : configured;
  }

  private List<Option> relay(RelayDTO relay) {
    List<Option> configured = configured("io.penstock.Relay", relay.owner(), relay.name());
    return configured.isEmpty()
        ? List.of(
            new Option("from", relay.from(), maker(relay.owner())),
            new Option("to", relay.to(), maker(relay.owner())))
        : configured;
  }

  private List<Option> configured(String pid, String owner, String name) {
    KnownOptions asked = known;
    return asked == null || !owner.isEmpty() ? List.of() : asked.of(pid, name);
  }

  private static String maker(String owner) {
    return owner.isEmpty() ? "the caller that made it" : "bundle " + owner;
  }
}
