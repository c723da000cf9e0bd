// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import jdk.jfr.AnnotationElement;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.EventFactory;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import jdk.jfr.ValueDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * The events that the JDK's flight recorder knows of us. It makes their classes: one of ours would
 * be changed to call the recorder's own classes, which the class loader of a bundle does not find.
 */
final class JdkRecorder implements Flight.Recorder {
  private static final int NAME = 0;
  private static final int CAUSE = 1;
  private static final int TEXT = 2;

  /** Made when somebody first records: to make one takes the recorder tens of milliseconds. */
  private static final class Types {
    static final Map<Flight.Kind, EventFactory> ALL = new EnumMap<>(Flight.Kind.class);

    static {
      ALL.put(
          Flight.Kind.WAIT,
          type(
              "Wait",
              "A thread was parked at an end of a stream",
              new AnnotationElement(Threshold.class, "20 ms"),
              text("awaited", "Awaited")));
      ALL.put(
          Flight.Kind.CONNECT,
          type(
              "Connect",
              "A channel was connected, or could not be",
              stackless(),
              text("endpoint", "Endpoint")));
      ALL.put(
          Flight.Kind.ACCEPT,
          type("Accept", "A peer was accepted", stackless(), text("peer", "Peer")));
      ALL.put(
          Flight.Kind.HANDSHAKE,
          type(
              "Handshake",
              "A handshake above a connection was done, or failed",
              stackless(),
              text("protocol", "Protocol")));
      ALL.put(
          Flight.Kind.FRAME_TOO_LONG,
          type(
              "Frame too long",
              "A peer has sent more without the end of a frame than is allowed",
              stackless(),
              bytes("limit", "Limit")));
      ALL.put(
          Flight.Kind.RELAY_END,
          type(
              "Relay end",
              "A connection through a relay is over",
              stackless(),
              text("endpoint", "Endpoint"),
              bytes("forwarded", "Forwarded"),
              bytes("returned", "Returned")));
    }

    private Types() {}

    private static AnnotationElement stackless() {
      return new AnnotationElement(StackTrace.class, false);
    }

    private static ValueDescriptor text(String name, String label) {
      return new ValueDescriptor(
          String.class, name, List.of(new AnnotationElement(Label.class, label)));
    }

    private static ValueDescriptor bytes(String name, String label) {
      return new ValueDescriptor(
          long.class,
          name,
          List.of(
              new AnnotationElement(Label.class, label),
              new AnnotationElement(DataAmount.class, DataAmount.BYTES)));
    }

    /** A type whose name is its label with capitals in place of spaces. */
    private static EventFactory type(
        String label, String description, AnnotationElement more, ValueDescriptor... own) {
      StringBuilder name = new StringBuilder("penstock.");
      for (String word : label.split(" ", -1)) {
        name.append(Character.toUpperCase(word.charAt(0))).append(word, 1, word.length());
      }
      List<ValueDescriptor> fields = new ArrayList<>();
      fields.add(text("name", "Name"));
      fields.add(text("cause", "Cause"));
      fields.addAll(List.of(own));
      return EventFactory.create(
          List.of(
              new AnnotationElement(Name.class, name.toString()),
              new AnnotationElement(Label.class, label),
              new AnnotationElement(Description.class, description),
              new AnnotationElement(Category.class, new String[] {"Penstock"}),
              more),
          fields);
    }
  }

  /** Fails to link where there is no recorder. */
  static Flight.Recorder open() {
    boolean unused = FlightRecorder.isInitialized();
    return new JdkRecorder();
  }

  @Override
  public Flight.@Nullable Span begin(Flight.Kind kind) {
    if (!FlightRecorder.isInitialized()) {
      return null;
    }
    EventFactory type = Objects.requireNonNull(Types.ALL.get(kind));
    if (!type.getEventType().isEnabled()) {
      return null;
    }
    Event event = type.newEvent();
    event.begin();
    return new Told(kind, event);
  }

  private record Told(Flight.Kind kind, Event event) implements Flight.Span {
    @Override
    public void end(
        String stream, String what, long there, long back, @Nullable Throwable failure) {
      try {
        commit(stream, what, there, back, failure);
      } catch (RuntimeException | LinkageError e) {
        Flight.broken(e);
      }
    }

    private void commit(
        String stream, String what, long there, long back, @Nullable Throwable failure) {
      event.end();
      if (event.shouldCommit()) {
        event.set(NAME, stream);
        event.set(CAUSE, failure == null ? null : Faults.unwrap(failure).toString());
        if (kind == Flight.Kind.FRAME_TOO_LONG) {
          event.set(TEXT, there);
        } else {
          event.set(TEXT, what);
        }
        if (kind == Flight.Kind.RELAY_END) {
          event.set(TEXT + 1, there);
          event.set(TEXT + 2, back);
        }
        event.commit();
      }
    }
  }
}
