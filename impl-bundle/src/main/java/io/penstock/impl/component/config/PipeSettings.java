// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/** The values of a {@code io.penstock.Pipe} configuration. */
public record PipeSettings(
    String name,
    long capacity,
    Wait readWait,
    Wait writeWait,
    boolean direct,
    Optional<Duration> spin,
    Optional<Place> durable) {
  private static final List<Function<PipeKeys, String>> KEPT =
      List.of(
          PipeKeys::keep,
          PipeKeys::block,
          PipeKeys::window,
          PipeKeys::commit,
          PipeKeys::sync,
          PipeKeys::ackTimeout,
          PipeKeys::replicas,
          PipeKeys::onEnd,
          PipeKeys::takeover);

  /**
   * Where a durable pipe is kept.
   *
   * @param location without keys
   * @param keys those that were given
   */
  public record Place(Endpoint location, SortedMap<String, String> keys) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Place that
          && location.equals(that.location)
          && keys.equals(that.keys);
    }

    @Override
    public int hashCode() {
      return Objects.hash(location, keys);
    }
  }

  /** Reads them. */
  public static PipeSettings of(Map<String, ?> properties) {
    Values<PipeKeys> values = new Values<>(PipeKeys.class, properties);
    ChannelOptions common = values.options();
    return new PipeSettings(
        values.name(),
        values.get(PipeKeys::capacity, PipeSettings::capacity),
        common.readWait(),
        common.writeWait(),
        values.flag(PipeKeys::direct),
        common.spin(),
        place(values));
  }

  private static Optional<Place> place(Values<PipeKeys> values) {
    SortedMap<String, String> keys = new TreeMap<>();
    for (Function<PipeKeys, String> key : KEPT) {
      String name = Keys.name(Keys.method(PipeKeys.class, key));
      values.text(name).ifPresent(text -> keys.put(name, text));
    }
    Optional<Endpoint> location = values.find(PipeKeys::durable, PipeSettings::location);
    if (location.isEmpty() && !keys.isEmpty()) {
      throw values.refused(
          PipeKeys::durable,
          "",
          "where to keep the pipe, because " + keys.firstKey() + " is given");
    }
    values.text("capacity").ifPresent(text -> keys.put("capacity", text));
    location.ifPresent(
        given ->
            given
                .options()
                .forEach(
                    (key, value) -> {
                      if (keys.put(key, value) != null) {
                        throw values.refused(
                            PipeKeys::durable,
                            given.name(),
                            "the key " + key + " only once: here or as a key of its own");
                      }
                    }));
    return location.map(
        given ->
            new Place(
                Endpoint.parse(given.scheme() + ":x").withAddress(given.address()),
                Collections.unmodifiableSortedMap(keys)));
  }

  private static Endpoint location(String text) {
    try {
      return Endpoint.parse(text);
    } catch (IllegalArgumentException e) {
      throw Values.unexpected(text, "a location such as file:/var/spool/orders");
    }
  }

  private static long capacity(String text) {
    return text.equals("unbounded")
        ? Long.MAX_VALUE
        : Values.bytes(1, Long.MAX_VALUE, "1 byte or more, or unbounded").apply(text);
  }

  // Written out: the JDK (17) remembers the component types of a record whose equals it has made,
  // and with one of ours the class loader of a bundle that has gone.
  private List<Object> parts() {
    return List.of(name, capacity, readWait, writeWait, direct, spin, durable);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PipeSettings that && parts().equals(that.parts());
  }

  @Override
  public int hashCode() {
    return parts().hashCode();
  }

  /** The options of the pipe. */
  public PipeOptions options() {
    PipeOptions options =
        PipeOptions.defaults()
            .withName(name)
            .withCapacity(capacity)
            .withReadWait(readWait)
            .withWriteWait(writeWait)
            .withDirect(direct);
    return spin.map(options::withSpin).orElse(options);
  }
}
