// SPDX-License-Identifier: Apache-2.0
package io.penstock.metrics;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What is measured. The part of a name after {@code penstock.} is the type of the objects that have
 * it; {@code runtime} is the whole.
 */
@ProviderType
public enum Metric {
  /** Bytes of a pipe. */
  PIPE_IO("penstock.pipe.io", "By", "Bytes that were read and written.", Kind.STREAM),
  /** Operations of a pipe. */
  PIPE_OPERATIONS(
      "penstock.pipe.operations", "{operation}", "Reads and writes that moved bytes.", Kind.STREAM),
  /** Waits at a pipe. */
  PIPE_WAITS(
      "penstock.pipe.waits", "{wait}", "How often a thread was parked at an end.", Kind.STREAM),
  /** Threads at a pipe. */
  PIPE_WAITERS(
      "penstock.pipe.waiter.count", "{thread}", "Threads that are parked now.", Kind.STREAM_NOW),
  /** What is in a pipe. */
  PIPE_BUFFER_USAGE(
      "penstock.pipe.buffer.usage", "By", "Bytes that were written and not read.", Kind.NOW),
  /** What may be in a pipe. */
  PIPE_BUFFER_LIMIT("penstock.pipe.buffer.limit", "By", "The capacity.", Kind.NOW),
  /** Failures of a pipe. */
  PIPE_ERRORS("penstock.pipe.errors", "{error}", "How often it was aborted.", Kind.COUNTER),

  /** Bytes of a channel. */
  CHANNEL_IO("penstock.channel.io", "By", "Bytes that were read and written.", Kind.STREAM),
  /** Operations of a channel. */
  CHANNEL_OPERATIONS(
      "penstock.channel.operations",
      "{operation}",
      "Reads and writes that moved bytes.",
      Kind.STREAM),
  /** Waits at a channel. */
  CHANNEL_WAITS(
      "penstock.channel.waits", "{wait}", "How often a thread was parked at an end.", Kind.STREAM),
  /** Threads at a channel. */
  CHANNEL_WAITERS(
      "penstock.channel.waiter.count", "{thread}", "Threads that are parked now.", Kind.STREAM_NOW),
  /** What a channel has in memory. */
  CHANNEL_BUFFER_USAGE(
      "penstock.channel.buffer.usage",
      "By",
      "Bytes that came and were not read, or were written and not sent.",
      Kind.STREAM_NOW),
  /** Failures of a channel. */
  CHANNEL_ERRORS("penstock.channel.errors", "{error}", "Failures of the transport.", Kind.COUNTER),
  /** Channels of one name. */
  CHANNEL_COUNT(
      "penstock.channel.count",
      "{channel}",
      "How many have this name, such as those that a" + " listener accepted.",
      Kind.NOW),

  /** Accepted connections. */
  LISTENER_CONNECTIONS(
      "penstock.listener.connections", "{connection}", "Connections accepted.", Kind.COUNTER),
  /** Open connections. */
  LISTENER_CONNECTION_COUNT(
      "penstock.listener.connection.count", "{connection}", "Connections open.", Kind.NOW),
  /** How many may be open. */
  LISTENER_CONNECTION_LIMIT(
      "penstock.listener.connection.limit",
      "{connection}",
      "How many connections may be open.",
      Kind.NOW),
  /** Failures of accepting. */
  LISTENER_ERRORS("penstock.listener.errors", "{error}", "Failures of accepting.", Kind.COUNTER),

  /** Bytes of a relay. */
  RELAY_IO("penstock.relay.io", "By", "Bytes that went to each side.", Kind.RELAY),
  /** Connections of a relay. */
  RELAY_CONNECTION_COUNT(
      "penstock.relay.connection.count", "{connection}", "Connections joined now.", Kind.NOW),
  /** Failures of a relay. */
  RELAY_ERRORS("penstock.relay.errors", "{error}", "Connections that failed.", Kind.COUNTER),

  /** Events of a poller. */
  POLLER_EVENTS(
      "penstock.poller.events", "{event}", "Handlers called, or events handed out.", Kind.COUNTER),
  /** Ends at a poller. */
  POLLER_REGISTRATION_COUNT(
      "penstock.poller.registration.count", "{registration}", "Ends registered now.", Kind.NOW),
  /** How long a poller has been away. */
  POLLER_BUSY_TIME(
      "penstock.poller.busy.time",
      "s",
      "For how long the handlers of one poll have been called; 0 if none is now.",
      Kind.NOW),

  /** Connections of a handler. */
  HANDLER_CONNECTIONS(
      "penstock.handler.connections", "{connection}", "Connections there have been.", Kind.COUNTER),
  /** Open connections of a handler. */
  HANDLER_CONNECTION_COUNT(
      "penstock.handler.connection.count", "{connection}", "Connections open.", Kind.NOW),
  /** Frames of a handler. */
  HANDLER_FRAMES(
      "penstock.handler.frames", "{frame}", "Frames that it was called for.", Kind.COUNTER),
  /** Failures of a handler. */
  HANDLER_ERRORS("penstock.handler.errors", "{error}", "Calls that threw.", Kind.COUNTER),

  /** Whether a registry is connected. */
  REMOTE_CONNECTED(
      "penstock.remote.connected",
      "{connection}",
      "1 if the registry of other containers is connected, 0 if it is not.",
      Kind.NOW),
  /** Endpoints in a registry. */
  REMOTE_ENTRY_COUNT(
      "penstock.remote.entry.count",
      "{entry}",
      "Endpoints that are published here, and that are known of other containers.",
      Kind.REMOTE),
  /** Endpoints of others that have come. */
  REMOTE_ADDED(
      "penstock.remote.added", "{entry}", "Endpoints of other containers that came.", Kind.COUNTER),
  /** Endpoints of others that have gone. */
  REMOTE_REMOVED(
      "penstock.remote.removed",
      "{entry}",
      "Endpoints of other containers that went.",
      Kind.COUNTER),
  /** Connections that went on to the next provider. */
  REMOTE_FAILOVERS(
      "penstock.remote.failovers",
      "{failover}",
      "Times that a connection went on to another provider.",
      Kind.COUNTER),

  /** How many there are. */
  OBJECT_COUNT("penstock.runtime.object.count", "{object}", "Objects of each type.", Kind.TYPES),
  /** How many there are not. */
  AWAITED_COUNT(
      "penstock.runtime.awaited.count",
      "{object}",
      "Objects that are configured and not there.",
      Kind.TYPES),
  /** Memory in use. */
  MEMORY_USAGE(
      "penstock.runtime.memory.usage", "By", "Bytes kept in memory for streams.", Kind.NOW),
  /** Memory allowed. */
  MEMORY_LIMIT(
      "penstock.runtime.memory.limit", "By", "Bytes that may be kept for streams.", Kind.NOW),
  /** Open files. */
  FILE_DESCRIPTOR_COUNT(
      "penstock.runtime.file_descriptor.count",
      "{file_descriptor}",
      "Descriptors that the process has open; absent where the system does not say.",
      Kind.NOW),
  /** Allowed open files. */
  FILE_DESCRIPTOR_LIMIT(
      "penstock.runtime.file_descriptor.limit",
      "{file_descriptor}",
      "Descriptors that the process may have; absent if the system does not say or limit it.",
      Kind.NOW);

  private static final String PREFIX = "penstock.";

  private enum Kind {
    COUNTER(true, "", ""),
    NOW(false, "", ""),
    STREAM(true, "penstock.io.direction", "read write"),
    STREAM_NOW(false, "penstock.io.direction", "read write"),
    RELAY(true, "penstock.io.direction", "forward return"),
    REMOTE(false, "penstock.remote.state", "published pending alive asked dead"),
    TYPES(false, "penstock.object.type", "pipe channel listener relay poller handler");

    private final boolean counter;
    private final String attribute;
    // With spaces between them.
    private final String values;

    Kind(boolean counter, String attribute, String values) {
      this.counter = counter;
      this.attribute = attribute;
      this.values = values;
    }
  }

  private final String text;
  private final String unit;
  private final String description;
  private final Kind kind;

  Metric(String text, String unit, String description, Kind kind) {
    this.text = text;
    this.unit = unit;
    this.description = description;
    this.kind = kind;
  }

  /**
   * The name by OpenTelemetry's conventions.
   *
   * @return such as {@code penstock.pipe.io}
   */
  public String text() {
    return text;
  }

  /**
   * The unit in UCUM.
   *
   * @return {@code By}, {@code s}, or what is counted, such as {@code {operation}}
   */
  public String unit() {
    return unit;
  }

  /**
   * What it tells.
   *
   * @return a sentence
   */
  public String description() {
    return description;
  }

  /**
   * Whether it only grows as long as its series is there.
   *
   * @return false for what is measured anew each time
   */
  public boolean isCounter() {
    return kind.counter;
  }

  /**
   * The attribute that tells its values apart.
   *
   * @return such as {@code penstock.io.direction}; empty if there is one value only
   */
  public String attribute() {
    return kind.attribute;
  }

  /**
   * What the attribute can be.
   *
   * @return in a fixed order; empty if there is one value only
   */
  public List<String> attributeValues() {
    return kind.values.isEmpty() ? List.of() : List.of(kind.values.split(" ", -1));
  }

  /**
   * The type of the objects that have it.
   *
   * @return {@code pipe}, {@code channel}, {@code listener}, {@code relay}, {@code poller}, {@code
   *     handler}, {@code remote} or {@code runtime}
   */
  public String type() {
    return text.substring(PREFIX.length(), text.indexOf('.', PREFIX.length()));
  }
}
