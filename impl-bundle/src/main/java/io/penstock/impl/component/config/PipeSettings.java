// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import io.penstock.channel.ChannelOptions;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The values of a {@code io.penstock.Pipe} configuration. */
public record PipeSettings(
    String name,
    long capacity,
    Wait readWait,
    Wait writeWait,
    boolean direct,
    Optional<Duration> spin) {

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
        common.spin());
  }

  private static long capacity(String text) {
    return text.equals("unbounded")
        ? Long.MAX_VALUE
        : Values.bytes(1, Long.MAX_VALUE, "1 byte or more, or unbounded").apply(text);
  }

  // Written out: the JDK (17) remembers the component types of a record whose equals it has made,
  // and with one of ours the class loader of a bundle that has gone.
  private List<Object> parts() {
    return List.of(name, capacity, readWait, writeWait, direct, spin);
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
