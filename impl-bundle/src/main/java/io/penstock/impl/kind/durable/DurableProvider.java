// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.durable;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Direction;
import io.penstock.channel.Endpoint;
import io.penstock.impl.buffer.Contents;
import io.penstock.impl.kind.support.Options;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.concurrent.CompletionStage;

/** One end of a durable pipe: {@code durable:file:/var/spool/orders?mode=write}. */
public final class DurableProvider implements ChannelProvider {
  private static final String SCHEME = "durable";
  private static final String MODE = "mode";

  private final Contents contents;

  /**
   * Makes a provider.
   *
   * @param contents the places that keep bytes
   */
  public DurableProvider(Contents contents) {
    this.contents = contents;
  }

  @Override
  public Set<String> schemes() {
    return Set.of(SCHEME);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    SortedSet<String> keys = contents.keys();
    keys.add(MODE);
    return keys;
  }

  /** The keys of the place, in the direction that was asked for. */
  private record Asked(Endpoint location, ChannelOptions options) {
    static Asked of(Endpoint endpoint, ChannelOptions options) throws IOException {
      ChannelOptions keys = ChannelOptions.defaults();
      for (Map.Entry<String, String> key : options.extra().entrySet()) {
        keys = key.getKey().equals(MODE) ? keys : keys.with(key.getKey(), key.getValue());
      }
      return new Asked(
          Contents.location(endpoint.address(), endpoint.name()),
          keys.withDirection(direction(endpoint, options)));
    }

    private static Direction direction(Endpoint endpoint, ChannelOptions options) {
      String mode = Options.text(options, MODE).orElse("");
      return switch (mode) {
        case "read" -> Direction.INPUT;
        case "write" -> Direction.OUTPUT;
        case "" ->
            options
                .direction()
                .orElseThrow(
                    () ->
                        new IllegalArgumentException(
                            endpoint.name()
                                + " has one direction and it was not said which; open it for input"
                                + " or output only, or with mode=read or mode=write"));
        default -> throw Options.refused(MODE, mode, "read or write");
      };
    }
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    Asked asked = Asked.of(endpoint, options);
    contents.check(asked.location(), asked.options());
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    Asked asked = Asked.of(endpoint, options);
    contents.check(asked.location(), asked.options());
    boolean reads = asked.options().direction().orElseThrow() == Direction.INPUT;
    return contents
        .open(asked.location(), asked.options(), context)
        .thenApply(pipe -> new DurableDriver(pipe, reads));
  }
}
