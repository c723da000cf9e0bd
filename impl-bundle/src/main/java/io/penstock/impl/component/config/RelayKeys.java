// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** The keys of a {@code io.penstock.Relay} configuration. */
@ObjectClassDefinition(
    name = "Penstock: relay",
    description =
        "Copies bytes between two endpoints, both ways, and registers the Relay under a name."
            + " After its end, with success or without, it is started again, after 100ms at first"
            + " and at most 30s.")
public @interface RelayKeys {
  /** Name. */
  @AttributeDefinition(required = false, name = "Name", description = Texts.NAME)
  String penstock_name() default "";

  /** From. */
  @AttributeDefinition(
      name = "From",
      description =
          "One side. An endpoint: SCHEME:ADDRESS, such as tcp-listen://127.0.0.1:0, with options"
              + " after ?.")
  String from();

  /** To. */
  @AttributeDefinition(
      name = "To",
      description =
          "The other side. An endpoint: SCHEME:ADDRESS, such as exec:cat, with options after ?.")
  String to();

  /** Fork. */
  @AttributeDefinition(
      required = false,
      name = "Fork",
      description =
          "Whether to accept any number of connections from 'from', which must listen then, each"
              + " with a new 'to': true or false.")
  boolean fork() default false;

  /** Idle time-out. */
  @AttributeDefinition(
      required = false,
      name = "Idle time-out",
      description =
          "A connection fails when no byte went either way for so long. A duration: a number with"
              + " ms, s, m or h, or ISO-8601; more than 0ms. Default: none, which waits for ever.")
  String idleTimeout() default "";

  /** Total time-out. */
  @AttributeDefinition(
      required = false,
      name = "Total time-out",
      description =
          "A connection fails when it has not ended so long after it was joined, however busy it"
              + " is. A duration: a number with ms, s, m or h, or ISO-8601; more than 0ms."
              + " Default: none, which waits for ever.")
  String totalTimeout() default "";

  /** Buffer. */
  @AttributeDefinition(
      required = false,
      name = "Buffer",
      description =
          "How much each direction reads at a time. Bytes, or a number with KiB, MiB or GiB; 1"
              + " byte to 1GiB.")
  String buffer() default "256KiB";

  /** Send buffer limit. */
  @AttributeDefinition(
      required = false,
      name = "Send buffer limit",
      description =
          "How large the send buffer of a Unix socket may be made while a flood fills it again and"
              + " again, and the pipe by which bytes go between two sockets without copies."
              + " Bytes, or a number with KiB, MiB or GiB; 4KiB to 1GiB, or 0 to leave all buffers"
              + " as the system gives them.")
  String sendBufferLimit() default "2MiB";

  /** Rate. */
  @AttributeDefinition(
      required = false,
      name = "Rate",
      description =
          "How fast each direction of each connection may be. Bytes a second, or a number with"
              + " KiB, MiB or GiB; 1 byte or more, or 0 for no limit.")
  String rate() default "0";

  /** Memory limit. */
  @AttributeDefinition(
      required = false,
      name = "Memory limit",
      description =
          "The memory of the buffers that hold bytes of this relay's connections. Beyond it"
              + " reading pauses; then those that have held most for longest are cut. Bytes, or a"
              + " number with KiB, MiB or GiB; 64KiB or more. Default: none beside that of the"
              + " container.")
  String memoryLimit() default "";

  /** Variables. */
  @AttributeDefinition(
      required = false,
      name = "Variables",
      description =
          "Which variables of a peer that asks for a program, as SSH clients do, reach the"
              + " program. Names separated by commas, in which * stands for any characters and ?"
              + " for one.")
  String acceptEnv() default "LANG,LC_*";
}
