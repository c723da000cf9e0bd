// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

/** The service properties by which a handler asks to be served, and their defaults. */
@interface ServeKeys {
  /** Where to listen. */
  String penstock_listen() default "";

  /** The same, as an annotation writes it. */
  String penstock_serve_on() default "";

  /** Where to connect to. */
  String penstock_connect() default "";

  /** The same, as an annotation writes it. */
  String penstock_connect_to() default "";

  /** For logs and tools. */
  String penstock_name() default "";

  /** How connections are cut into frames. */
  String penstock_framing() default "";

  /** The most bytes of a frame. */
  String penstock_maxFrame() default "64KiB";

  /** How long a frame may take. */
  String penstock_frameTimeout() default "";

  /** How long a peer may be silent, or not take a reply. */
  String penstock_idleTimeout() default "";

  /** How many connections may be open at once. */
  String penstock_maxConnections() default "";

  /** Which threads call the handler. */
  String penstock_execution() default "poller";

  /** How long a stop waits. */
  String penstock_drainTimeout() default "5s";

  /** The shortest time before a reconnect. */
  String penstock_reconnectMin() default "100ms";

  /** The longest time before a reconnect. */
  String penstock_reconnectMax() default "30s";

  /** Whether other containers find it. */
  String penstock_remote() default "";

  /** Where they reach it. */
  String penstock_advertise() default "";

  /** Which of several is connected to first. */
  String penstock_rank() default "";

  /** What it is chosen by. */
  String penstock_tags() default "";
}
