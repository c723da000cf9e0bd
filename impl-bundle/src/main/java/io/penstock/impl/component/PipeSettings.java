// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Units;
import io.penstock.stream.Wait;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The values of a {@code io.penstock.Pipe} configuration. */
record PipeSettings(
    String name,
    long capacity,
    Wait readWait,
    Wait writeWait,
    boolean direct,
    Optional<Duration> spin) {
  static final List<String> KEYS =
      List.of(
          "penstock.name",
          "capacity",
          "readTimeout",
          "writeTimeout",
          "readBlocking",
          "writeBlocking",
          "direct",
          "spin");

  static PipeSettings of(Values values) {
    return new PipeSettings(
        values.name(),
        values.get("capacity", PipeOptions.DEFAULT_CAPACITY, PipeSettings::capacity),
        values.wait("readTimeout", "readBlocking"),
        values.wait("writeTimeout", "writeBlocking"),
        values.flag("direct", false),
        values.get("spin", Optional.empty(), PipeSettings::spin));
  }

  private static long capacity(String text) {
    if (text.equals("unbounded")) {
      return Long.MAX_VALUE;
    }
    long bytes = Units.bytes(text);
    if (bytes < 1) {
      throw new IllegalArgumentException(
          "'" + text + "' is not allowed; expected 1 byte or more, or unbounded");
    }
    return bytes;
  }

  static Optional<Duration> spin(String text) {
    if (text.equals("auto")) {
      return Optional.empty();
    }
    Duration budget = Units.duration(text);
    if (budget.compareTo(Duration.ofNanos(50_000)) > 0) {
      throw new IllegalArgumentException(
          "'" + text + "' is not allowed; expected auto, or a duration up to 0.05ms");
    }
    return Optional.of(budget);
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

  PipeOptions options() {
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
