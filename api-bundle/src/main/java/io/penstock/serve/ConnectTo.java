// SPDX-License-Identifier: Apache-2.0
package io.penstock.serve;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.osgi.annotation.bundle.Requirement;
import org.osgi.annotation.versioning.ProviderType;
import org.osgi.service.component.annotations.ComponentPropertyType;

/**
 * Connects a component that is a {@link LineHandler}, a {@link ByteHandler} or a {@link
 * io.penstock.poller.ChannelHandler}: the service properties of {@link ServeOptions}, typed. The
 * connection is made again when it is lost. {@link #value()} becomes {@code penstock.connect.to},
 * because Declarative Services makes the name from that of the annotation; it means the same as
 * {@link Server#CONNECT}. A configuration of the component goes before what stands here. A resolver
 * brings an implementation of Penstock for it.
 */
@ProviderType
@ComponentPropertyType
@Requirement(namespace = "osgi.implementation", name = "penstock", version = "0.1")
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.CLASS)
public @interface ConnectTo {
  /** What stands before the name of each property. */
  String PREFIX_ = "penstock.";

  /**
   * The endpoint to connect to, with its own options.
   *
   * @return such as {@code tcp://localhost:7000}
   */
  String value();

  /**
   * How the connection is cut into frames.
   *
   * @return {@code bytes}, {@code lines}, {@code length1}, {@code length2}, {@code length4}, {@code
   *     length8}, the last three with {@code -little} for the other byte order, or {@code varint};
   *     empty for that of the handler's kind
   */
  String framing() default "";

  /**
   * The most bytes of a frame.
   *
   * @return bytes, or a number with KiB or MiB
   */
  String maxFrame() default "64KiB";

  /**
   * How long a frame may take from its first byte to its last.
   *
   * @return a duration such as {@code 10s}; empty for no limit
   */
  String frameTimeout() default "";

  /**
   * How long the silence before a frame may last, and how long a peer may take for a reply.
   *
   * @return a duration such as {@code 60s}; empty for no limit
   */
  String idleTimeout() default "";

  /**
   * Which threads call the handler.
   *
   * @return {@code poller}, {@code pool} or {@code virtual}
   */
  String execution() default "poller";

  /**
   * How long a stop waits for calls in progress and for peers to take their replies.
   *
   * @return a duration
   */
  String drainTimeout() default "5s";

  /**
   * The shortest time before a reconnect.
   *
   * @return a duration of more than zero
   */
  String reconnectMin() default "100ms";

  /**
   * The longest time before a reconnect.
   *
   * @return a duration, {@link #reconnectMin()} or more
   */
  String reconnectMax() default "30s";
}
