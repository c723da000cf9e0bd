// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A channel above another, of any kind, that fails as its scripts say. Its ends are the product's,
 * so that pollers and relays take it like any other channel. It needs the kind that {@link
 * FaultyProvider} adds.
 *
 * <pre>{@code
 * ChannelPair pair = channels.pair(ChannelOptions.defaults());
 * Channel faulty = FaultyChannel.over(
 *     channels, pair.left(), FaultScript.none().withResetAt(1000), FaultScript.seeded());
 * }</pre>
 *
 * <p>Safe for use by any thread. It has no thread of its own.
 */
@ProviderType
public final class FaultyChannel extends ForwardingChannel {
  private static final System.Logger LOG = Messages.log("testing");

  private final FaultyDriver driver;

  private FaultyChannel(Channel channel, FaultyDriver driver) {
    super(channel);
    this.driver = driver;
  }

  /**
   * Puts the same faults above both directions of a channel.
   *
   * @param channels the factory that made the channel, or another of the same container
   * @param below the channel; from the call on it belongs to the faulty one
   * @param both what goes wrong when the code under test reads, and when it writes
   * @return connected if the channel below is; the caller's to close
   * @throws io.penstock.error.NotSupportedException if the kind {@code faulty} is not installed
   * @throws IOException as {@link ChannelFactory#over} says
   */
  public static FaultyChannel over(ChannelFactory channels, Channel below, FaultScript both)
      throws IOException {
    return over(channels, below, both, both);
  }

  /**
   * Puts faults above a channel. Logs the scripts at the level INFO, so that a run can be repeated
   * with its seeds.
   *
   * @param channels the factory that made the channel, or another of the same container
   * @param below the channel; from the call on it belongs to the faulty one
   * @param reading what goes wrong when the code under test reads
   * @param writing what goes wrong when it writes
   * @return connected if the channel below is; the caller's to close
   * @throws io.penstock.error.NotSupportedException if the kind {@code faulty} is not installed
   * @throws IOException as {@link ChannelFactory#over} says
   */
  public static FaultyChannel over(
      ChannelFactory channels, Channel below, FaultScript reading, FaultScript writing)
      throws IOException {
    ChannelOptions options =
        ChannelOptions.defaults()
            .withName(below.name())
            .with(FaultyProvider.READ, reading.toString())
            .with(FaultyProvider.WRITE, writing.toString());
    Channel above = channels.over(below, Endpoint.parse(FaultyProvider.SCHEME_NAME + ":"), options);
    FaultyDriver driver = above.facet(FaultyDriver.class).orElseThrow();
    if (!reading.equals(FaultScript.none()) || !writing.equals(FaultScript.none())) {
      LOG.log(
          Level.INFO,
          "{0}: faults when reading: {1}; when writing: {2}",
          above.name(),
          reading,
          writing);
    }
    return new FaultyChannel(above, driver);
  }

  /** Lets a peer that is {@linkplain FaultScript#withStallAt stalled} go on. Idempotent. */
  public void resume() {
    driver.resume();
  }

  /**
   * What has gone wrong so far: the faults of reading in their order, then those of writing. The
   * same bytes with the same script give the same list.
   *
   * @return a line for each fault, such as {@code reading, byte 12: refused}; the first 10,000 of
   *     each direction
   */
  public List<String> faults() {
    return driver.faults();
  }
}
