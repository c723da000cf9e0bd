// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.AttributeType;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** The keys of a {@code io.penstock.Listener} configuration. */
@ObjectClassDefinition(
    name = "Penstock: listener",
    description =
        "Keeps an address bound and registers a Listener, under a name, while it is. Options of"
            + " the endpoint's kind are further keys.")
public @interface ListenerKeys {
  /** Name. */
  @AttributeDefinition(required = false, name = "Name", description = Texts.NAME)
  String penstock_name() default "";

  /** Endpoint. */
  @AttributeDefinition(
      name = "Endpoint",
      description =
          "Where to listen. SCHEME-listen:ADDRESS, such as tcp-listen://127.0.0.1:0; port 0 lets"
              + " the system choose. A change binds the new address.")
  String endpoint();

  /** Backlog. */
  @AttributeDefinition(
      required = false,
      type = AttributeType.INTEGER,
      min = "1",
      max = Texts.MOST,
      name = "Backlog",
      description =
          "How many peers may wait to be accepted. A number, 1 or more; the system may allow"
              + " fewer. A change binds the address again.")
  String backlog() default "511";

  /** Connections. */
  @AttributeDefinition(
      required = false,
      type = AttributeType.INTEGER,
      min = "1",
      max = Texts.MOST,
      name = "Connections",
      description =
          "How many accepted channels may be open at once; further peers wait in the backlog. A"
              + " number, 1 or more. Default: as many as memory and descriptors suffice for. A"
              + " change binds the address again.")
  String maxConnections() default "";

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

  /** Close time-out. */
  @AttributeDefinition(required = false, name = "Close time-out", description = Texts.CLOSE_TIMEOUT)
  String closeTimeout() default "5s";

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

  /** Remote. */
  @AttributeDefinition(
      required = false,
      name = "Remote",
      description =
          "Whether other containers find it by its name as remote:NAME: true or false. It needs the"
              + " bundle io.penstock.remote with a configuration io.penstock.Remote. A change binds"
              + " the address again.")
  boolean remote() default false;

  /** Advertised address. */
  @AttributeDefinition(
      required = false,
      name = "Advertised address",
      description =
          "Where other containers reach it. HOST:PORT, such as gateway.example:7000, or HOST for the"
              + " bound port. Default: the bound address; needed if that is a wildcard. A change binds"
              + " the address again.")
  String advertise() default "";

  /** Rank. */
  @AttributeDefinition(
      required = false,
      type = AttributeType.INTEGER,
      name = "Rank",
      description =
          "Of several with one name the highest is connected to first, and those of one rank at"
              + " random. A number, negative too. A change binds the address again.")
  String rank() default "0";

  /** Tags. */
  @AttributeDefinition(
      required = false,
      name = "Tags",
      description =
          "What remote:NAME?tag.KEY=VALUE chooses by. KEY=VALUE, separated by commas. Default: none. A"
              + " change binds the address again.")
  String tags() default "";
}
