// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.AttributeType;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** The keys of a {@code io.penstock.Channel} configuration. */
@ObjectClassDefinition(
    name = "Penstock: channel",
    description =
        "Keeps a channel connected and registers it as Channel, under a name, while it is. Options"
            + " of the endpoint's kind are further keys.")
public @interface ChannelKeys {
  /** Name. */
  @AttributeDefinition(required = false, name = "Name", description = Texts.NAME)
  String penstock_name() default "";

  /** Endpoint. */
  @AttributeDefinition(
      name = "Endpoint",
      description =
          "What to connect to. SCHEME:ADDRESS, such as tcp://localhost:80; not a listening one. A"
              + " change makes a new connection.")
  String endpoint();

  /** Read time-out. */
  @AttributeDefinition(required = false, name = "Read time-out", description = Texts.READ_TIMEOUT)
  String readTimeout() default "";

  /** Write time-out. */
  @AttributeDefinition(required = false, name = "Write time-out", description = Texts.WRITE_TIMEOUT)
  String writeTimeout() default "";

  /** Reads wait. */
  @AttributeDefinition(required = false, name = "Reads wait", description = Texts.READ_BLOCKING)
  boolean readBlocking() default true;

  /** Writes wait. */
  @AttributeDefinition(required = false, name = "Writes wait", description = Texts.WRITE_BLOCKING)
  boolean writeBlocking() default true;

  /** Connect time-out. */
  @AttributeDefinition(
      required = false,
      name = "Connect time-out",
      description = Texts.CONNECT_TIMEOUT)
  String connectTimeout() default "10s";

  /** Close time-out. */
  @AttributeDefinition(required = false, name = "Close time-out", description = Texts.CLOSE_TIMEOUT)
  String closeTimeout() default "5s";

  /** Reconnect. */
  @AttributeDefinition(
      required = false,
      name = "Reconnect",
      description =
          "Whether to connect again after the connection was lost, closed, or could not be made:"
              + " true or false.")
  boolean reconnect() default true;

  /** Shortest reconnect delay. */
  @AttributeDefinition(
      required = false,
      name = "Shortest reconnect delay",
      description =
          "The delay before the first new try; it grows, jittered, with each failure. A duration:"
              + " a number with ms, s, m or h, or ISO-8601; more than 0ms.")
  String reconnectMin() default "100ms";

  /** Longest reconnect delay. */
  @AttributeDefinition(
      required = false,
      name = "Longest reconnect delay",
      description =
          "The delay never grows above this. A duration: a number with ms, s, m or h, or ISO-8601;"
              + " reconnectMin or more.")
  String reconnectMax() default "30s";

  /** Password. */
  @AttributeDefinition(
      required = false,
      type = AttributeType.PASSWORD,
      name = "Password",
      description = Texts.PASSWORD)
  String _password() default "";

  /** Passphrase. */
  @AttributeDefinition(
      required = false,
      type = AttributeType.PASSWORD,
      name = "Passphrase",
      description = Texts.PASSPHRASE)
  String _passphrase() default "";

  /** Receive buffer. */
  @AttributeDefinition(
      required = false,
      name = "Receive buffer",
      description = Texts.RECEIVE_BUFFER)
  String receiveBuffer() default "";

  /** Send buffer. */
  @AttributeDefinition(required = false, name = "Send buffer", description = Texts.SEND_BUFFER)
  String sendBuffer() default "";

  /** Spin. */
  @AttributeDefinition(required = false, name = "Spin", description = Texts.SPIN)
  String spin() default "auto";
}
