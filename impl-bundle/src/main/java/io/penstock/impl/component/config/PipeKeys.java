// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** The keys of a {@code io.penstock.Pipe} configuration. */
@ObjectClassDefinition(
    name = "Penstock: named pipe",
    description =
        "Registers a Pipe, and its ends as ByteSource and ByteSink, under a name. When the pipe"
            + " was closed, aborted, or ended and drained, a fresh one takes its place.")
public @interface PipeKeys {
  /** Name. */
  @AttributeDefinition(
      required = false,
      name = "Name",
      description =
          "What consumers find the pipe by, and what pipe:NAME means. Text. Default: the part of"
              + " the PID after ~.")
  String penstock_name() default "";

  /** Capacity. */
  @AttributeDefinition(
      required = false,
      name = "Capacity",
      description =
          "How much may be buffered. Bytes, or a number with KiB, MiB or GiB; 1 byte or more, or"
              + " 'unbounded'. A change applies to the next pipe of the name. A durable pipe has"
              + " 1GiB unless it is given.")
  String capacity() default "64KiB";

  /** Durable. */
  @AttributeDefinition(
      required = false,
      name = "Durable",
      description =
          "Where bytes are kept that must survive the process. SCHEME:ADDRESS, such as"
              + " file:/var/spool/orders, or on servers nats://a:4222/orders; what only some places"
              + " know is given with it, as ?KEY=VALUE; the keys from 'keep' to 'takeover' are for such a pipe alone. A change of any of them"
              + " opens it anew. Default: nowhere, the pipe is in memory.")
  String durable() default "";

  /** Keep. */
  @AttributeDefinition(
      required = false,
      name = "Keep",
      description =
          "How much that was read and committed stays, to be replayed. Bytes, or a number with KiB,"
              + " MiB or GiB; 0 bytes or more. Default: 0.")
  String keep() default "";

  /** Block. */
  @AttributeDefinition(
      required = false,
      name = "Block",
      description =
          "How many bytes a record has at most. Bytes, or a number with KiB or MiB; 512 bytes to"
              + " 1MiB. Default: 64KiB.")
  String block() default "";

  /** Window. */
  @AttributeDefinition(
      required = false,
      name = "Window",
      description =
          "How much may be written and not acknowledged; as much memory serves each direction."
              + " Bytes, or a number with KiB, MiB or GiB; 1KiB to 1GiB. Default: 4MiB.")
  String window() default "";

  /** Commit. */
  @AttributeDefinition(
      required = false,
      name = "Commit",
      options = {
        @Option(label = "the default, auto", value = ""),
        @Option(label = "auto", value = "auto"),
        @Option(label = "manual", value = "manual")
      },
      description =
          "When a reader is done with bytes: auto with each read, manual when it calls commit()."
              + " Default: auto.")
  String commit() default "";

  /** Sync. */
  @AttributeDefinition(
      required = false,
      name = "Sync",
      options = {
        @Option(label = "the default, group", value = ""),
        @Option(label = "each", value = "each"),
        @Option(label = "group", value = "group"),
        @Option(label = "none", value = "none")
      },
      description =
          "When the disk is waited for: each, after every record; group, for all records of a"
              + " moment together; none, never, so that an acknowledgement survives the process"
              + " alone. Default: group.")
  String sync() default "";

  /** Limit of an acknowledgement. */
  @AttributeDefinition(
      required = false,
      name = "Limit of an acknowledgement",
      description =
          "How long an acknowledgement may take before the pipe fails. A duration: a number"
              + " with ms, s, m or h, or ISO-8601; more than 0ms. Default: 30s.")
  String ackTimeout() default "";

  /** Replicas. */
  @AttributeDefinition(
      required = false,
      name = "Replicas",
      description =
          "On how many servers the bytes are, where they are kept by servers. Text. A number from 1 to 5,"
              + " and no more than there are servers. Default: 3.")
  String replicas() default "";

  /** After an end. */
  @AttributeDefinition(
      required = false,
      name = "After an end",
      options = {
        @Option(label = "the default, renew", value = ""),
        @Option(label = "renew", value = "renew"),
        @Option(label = "stay", value = "stay")
      },
      description =
          "What comes after the end of a stream: renew, another stream in the same place; stay,"
              + " nothing. Default: renew.")
  String onEnd() default "";

  /** Take over. */
  @AttributeDefinition(
      required = false,
      name = "Take over",
      options = {
        @Option(label = "the default, false", value = ""),
        @Option(label = "true", value = "true"),
        @Option(label = "false", value = "false")
      },
      description =
          "Whether a writer or reader that is there already is fenced off: true or false. Default:"
              + " false.")
  String takeover() default "";

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

  /** Direct memory. */
  @AttributeDefinition(
      required = false,
      name = "Direct memory",
      description =
          "Where copies are kept: true for direct memory, false for the heap. A change applies to"
              + " the next pipe of the name.")
  boolean direct() default false;

  /** Spin. */
  @AttributeDefinition(
      required = false,
      name = "Spin",
      description =
          "How long a call that must wait tries again before its thread is parked. A duration in"
              + " ms or ISO-8601, from 0ms, which parks it at once, to 0.05ms, or 'auto' to have it"
              + " learned. A change applies to the next pipe of the name.")
  String spin() default "auto";
}
