// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component.config;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.AttributeType;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** The keys of the configuration {@code io.penstock.Poller.default}. */
@ObjectClassDefinition(
    name = "Penstock: poller",
    description = "How the pollers work that consumers get as a service, each its own.")
public @interface PollerKeys {
  /** Framing. */
  @AttributeDefinition(
      required = false,
      name = "Framing",
      description =
          "How bytes are cut into events where the consumer names no framing. bytes, or lines, or"
              + " length1, length2, length4 or length8 for frames with a length of so many bytes in"
              + " front, most significant first, or length2-little, length4-little or"
              + " length8-little for the other order, or varint for a length as Protocol Buffers"
              + " have it. A change applies to pollers that are made after it.",
      options = {
        @Option(label = "bytes", value = "bytes"),
        @Option(label = "lines", value = "lines"),
        @Option(label = "length of 1 byte", value = "length1"),
        @Option(label = "length of 2 bytes", value = "length2"),
        @Option(label = "length of 4 bytes", value = "length4"),
        @Option(label = "length of 8 bytes", value = "length8"),
        @Option(label = "length of 2 bytes, least significant first", value = "length2-little"),
        @Option(label = "length of 4 bytes, least significant first", value = "length4-little"),
        @Option(label = "length of 8 bytes, least significant first", value = "length8-little"),
        @Option(label = "varint", value = "varint")
      })
  String framing() default "bytes";

  /** Longest frame. */
  @AttributeDefinition(
      required = false,
      name = "Longest frame",
      description =
          "The most bytes of a line, its line feed included, or of another frame without its"
              + " length. Bytes, or a number with KiB or MiB; 1 byte or more, less than 2GiB. A change"
              + " applies to pollers that are made after it.")
  String maxFrame() default "64KiB";

  /** Longer frames. */
  @AttributeDefinition(
      required = false,
      name = "Longer frames",
      description =
          "What becomes of a frame that is longer than maxFrame. fail: the registration fails."
              + " skip: the frame is dropped and counted. A change applies to pollers that are made"
              + " after it.",
      options = {@Option(label = "fail", value = "fail"), @Option(label = "skip", value = "skip")})
  String longerFrames() default "fail";

  /** Frame time-out. */
  @AttributeDefinition(
      required = false,
      name = "Frame time-out",
      description =
          "How long a frame may take from its first byte to its last, where framing is not"
              + " bytes; a slower one fails. A duration: a number with ms, s, m or h, or ISO-8601;"
              + " more than 0ms. Default: none. A change applies to pollers that are made after"
              + " it.")
  String frameTimeout() default "";

  /** Idle time-out. */
  @AttributeDefinition(
      required = false,
      name = "Idle time-out",
      description =
          "How long nothing may come before a frame, or at all where framing is bytes; after a"
              + " longer silence the registration fails. A duration: a number with ms, s, m or h, or"
              + " ISO-8601; more than 0ms. Default: none. A change applies to pollers that are made"
              + " after it.")
  String idleTimeout() default "";

  /** Events per poll. */
  @AttributeDefinition(
      required = false,
      type = AttributeType.INTEGER,
      min = "1",
      max = Texts.MOST,
      name = "Events per poll",
      description =
          "How many events one poll handles at most; what is left comes with the next. A number, 1"
              + " or more. A change applies to pollers that are made after it.")
  String maxEventsPerPoll() default "4096";

  /** Spin. */
  @AttributeDefinition(
      required = false,
      name = "Spin",
      description =
          "How long a poll that must wait asks again before its thread does. A duration in ms or"
              + " ISO-8601, from 0ms to 0.05ms, or 'auto' to have it learned. A change applies to"
              + " pollers that are made after it.")
  String spin() default "auto";
}
