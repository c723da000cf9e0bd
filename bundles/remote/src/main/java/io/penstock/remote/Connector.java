// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/**
 * An endpoint that another container publishes. Registered as a service as long as that container
 * is believed to be alive, with the properties {@link io.penstock.channel.Channel#NAME}, {@link
 * io.penstock.channel.Channel#KIND}, {@link io.penstock.channel.Channel#ENDPOINT}, {@link #NODE},
 * {@link #TAG} with each tag's name behind it, and the rank as {@code service.ranking}.
 *
 * <p>It connects to this one endpoint only; {@code remote:NAME} goes on to another when one fails.
 * Safe for use by any thread.
 */
@ProviderType
public interface Connector {
  /** Service property: the container that publishes it. */
  String NODE = "penstock.node";

  /** What stands before a tag's name in its service property. */
  String TAG = "penstock.tag.";

  /**
   * The name under which it is published.
   *
   * @return not empty
   */
  String name();

  /**
   * Where it is.
   *
   * @return such as {@code tcp://host:7000}
   */
  Endpoint endpoint();

  /**
   * What it is chosen by.
   *
   * @return unmodifiable, perhaps empty
   */
  Map<String, String> tags();

  /**
   * Connects, without waiting for it.
   *
   * @param options of the channel
   * @return may still be connecting; it belongs to the bundle that has this service, and is closed
   *     when that stops. When the endpoint is published no more, it is aborted as {@code onRemoved}
   *     of the configuration says
   * @throws IOException if the endpoint's kind is not installed
   * @throws IllegalArgumentException if an option is unknown or has a value that is not allowed
   */
  Channel connect(ChannelOptions options) throws IOException;

  /**
   * Connects, and waits for it.
   *
   * @param options of the channel
   * @param wait how long
   * @return connected; as {@link #connect} says
   * @throws IOException if it cannot be connected to: its reason, or the time-out type
   * @throws IllegalArgumentException as {@link #connect} says
   */
  Channel open(ChannelOptions options, Wait wait) throws IOException;
}
