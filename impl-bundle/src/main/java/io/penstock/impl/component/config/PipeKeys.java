// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

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
              + " 'unbounded'. A change applies to the next pipe of the name.")
  String capacity() default "64KiB";

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
