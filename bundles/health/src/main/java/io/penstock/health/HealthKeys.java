// SPDX-License-Identifier: Apache-2.0
package io.penstock.health;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.AttributeType;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** The keys of the configuration {@code io.penstock.Health.default}. */
@ObjectClassDefinition(
    name = "Penstock: health checks",
    description = "From when on the health checks of Apache Felix report an object.")
public @interface HealthKeys {
  /** {@return how long a pipe may be full and unread} */
  @AttributeDefinition(
      required = false,
      name = "Pipe full and unread",
      description =
          "How long a pipe may be full without a byte being read; then it is critical. A duration:"
              + " a number with ms, s, m or h, or ISO-8601; more than 0ms. A change holds at the"
              + " next check.")
  String unreadFor() default "1m";

  /** {@return how long a pipe may be waited for and unwritten} */
  @AttributeDefinition(
      required = false,
      name = "Pipe waited for and unwritten",
      description =
          "How long a reader may wait at a pipe without a byte being written; then there is a"
              + " warning, because the pipe may only have nothing to do. A duration: a number with"
              + " ms, s, m or h, or ISO-8601; more than 0ms. A change holds at the next check.")
  String unwrittenFor() default "10m";

  /** {@return how long a listener, a relay or a pipe may be missing} */
  @AttributeDefinition(
      required = false,
      name = "Listener or relay or pipe not there",
      description =
          "How long a configured listener, relay or pipe may be missing, or a handler unserved; then"
              + " it is critical. A duration: a number with ms, s, m or h, or ISO-8601; 0ms or more."
              + " A change holds at the next check.")
  String downFor() default "10s";

  /** {@return how long a channel may be connecting} */
  @AttributeDefinition(
      required = false,
      name = "Channel reconnecting",
      description =
          "How long a channel may be connecting, for the first time or again; then it is critical."
              + " A duration: a number with ms, s, m or h, or ISO-8601; 0ms or more. A change holds"
              + " at the next check.")
  String reconnectingFor() default "1m";

  /** {@return how many of the descriptors may be open, in per cent} */
  @AttributeDefinition(
      required = false,
      type = AttributeType.INTEGER,
      min = "1",
      max = "100",
      name = "Descriptors in use in per cent",
      description =
          "How many of the file descriptors that the process may have it may have open, in per cent;"
              + " from there on it is critical. A number, 1 or more; 100 at most. A change holds at the next"
              + " check.")
  String descriptorsPercent() default "90";

  /** {@return how long the handlers of one poll may take} */
  @AttributeDefinition(
      required = false,
      name = "Poller late",
      description =
          "How long the handlers of one poll may take, while everything else that is ready waits;"
              + " then it is critical. A duration: a number with ms, s, m or h, or ISO-8601; more"
              + " than 0ms. A change holds at the next check.")
  String pollerLateAfter() default "10s";

  /** {@return for how long a failure of a relay is told} */
  @AttributeDefinition(
      required = false,
      name = "Relay failing",
      description =
          "For how long a warning tells that a connection of a relay has failed. A duration: a"
              + " number with ms, s, m or h, or ISO-8601; more than 0ms. A change holds at the next"
              + " check.")
  String relayFailedWithin() default "5m";

  /** {@return what the checks are found by} */
  @AttributeDefinition(
      required = false,
      name = "Tags",
      description =
          "What the checks are found by, beside the tag that each has of its own, such as"
              + " penstock-pipes. Names separated by commas, one or more. A change holds at once.")
  String tags() default "penstock";
}
