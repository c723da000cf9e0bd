// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.ConnectionDTO;
import io.penstock.runtime.EndDTO;
import io.penstock.runtime.FaultDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.RateDTO;
import io.penstock.runtime.WaitDTO;
import io.penstock.spi.Messages;
import io.penstock.stream.Units;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** All that is known of one object, as lines for people. Stateless. */
final class ObjectDetails {
  private static final Set<String> SIZES = Set.of("buffered", "capacity", "highWater");
  private static final Set<String> MOMENTS = Set.of("since", "at", "busySince", "lastFaultAt");
  private static final Set<String> BYTES = Set.of("bytes", "forwarded", "returned");
  private static final String INDENT = "  ";

  private ObjectDetails() {}

  /** All that is known of an object. */
  static String text(Named object, long now) {
    StringBuilder text = new StringBuilder(512);
    line(text, "", "kind", object.kind());
    fields(text, "", object.object(), now);
    return text.toString();
  }

  /** The threads that wait at an object's ends, with their stacks; empty if none does. */
  static String stacks(Named object, long now) {
    StringBuilder text = new StringBuilder();
    if (object.object() instanceof PipeDTO pipe) {
      stacks(text, object, pipe.source(), pipe.sink(), now);
    } else if (object.object() instanceof ChannelDTO channel) {
      stacks(text, object, channel.source(), channel.sink(), now);
    }
    return text.toString();
  }

  private static void stacks(
      StringBuilder text, Named object, EndDTO source, EndDTO sink, long now) {
    String of = object.kind() + " " + object.name() + " ";
    for (WaitDTO wait : source.waiting()) {
      line(text, "", of + "source", waiting(wait, now));
      stack(text, INDENT, wait);
    }
    for (WaitDTO wait : sink.waiting()) {
      line(text, "", of + "sink", waiting(wait, now));
      stack(text, INDENT, wait);
    }
  }

  private static String waiting(WaitDTO wait, long now) {
    return wait.thread() + " waits for " + Amounts.span(now - wait.since());
  }

  private static void stack(StringBuilder text, String indent, WaitDTO wait) {
    for (String call : wait.stack()) {
      text.append(indent).append("at ").append(Messages.visible(call)).append('\n');
    }
  }

  private static void fields(StringBuilder text, String indent, Record record, long now) {
    for (Map.Entry<String, @Nullable Object> field : RuntimeJson.components(record).entrySet()) {
      field(text, indent, field.getKey(), field.getValue(), now);
    }
  }

  private static void field(
      StringBuilder text, String indent, String name, @Nullable Object value, long now) {
    if (value instanceof EndDTO end) {
      line(text, indent, name, "");
      fields(text, indent + INDENT, end, now);
    } else if (value instanceof List<?> list) {
      line(text, indent, name, list.isEmpty() ? "none" : "");
      list.forEach(each -> element(text, indent + INDENT, each, now));
    } else {
      line(text, indent, name, shown(name, value, now));
    }
  }

  private static void element(StringBuilder text, String indent, Object element, long now) {
    if (element instanceof WaitDTO wait) {
      text.append(indent).append(Messages.visible(waiting(wait, now))).append('\n');
      stack(text, indent + INDENT, wait);
    } else if (element instanceof ConnectionDTO connection) {
      text.append(indent)
          .append(
              Messages.visible(
                  connection.name()
                      + " of "
                      + connection.peer()
                      + ", for "
                      + Amounts.span(now - connection.since())
                      + ", "
                      + connection.frames()
                      + " frames, waits for "
                      + connection.waits()))
          .append('\n');
    } else {
      text.append(indent).append(Messages.visible(String.valueOf(element))).append('\n');
    }
  }

  private static String shown(String name, @Nullable Object value, long now) {
    if (value == null || value.equals("")) {
      return Amounts.NOTHING;
    } else if (value instanceof RateDTO rate) {
      return BYTES.contains(name) ? Amounts.bytes(rate) : Amounts.counted(rate);
    } else if (value instanceof FaultDTO fault) {
      return Amounts.fault(fault, now);
    } else if (value instanceof Boolean yes) {
      return yes ? "yes" : "no";
    } else if (value instanceof Long number && SIZES.contains(name)) {
      return Units.text(Math.max(0, number)) + " (" + number + " bytes)";
    } else if (value instanceof Long at && MOMENTS.contains(name)) {
      return at == 0 ? Amounts.NOTHING : Amounts.moment(at, now);
    }
    return value.toString();
  }

  private static void line(StringBuilder text, String indent, String name, String value) {
    text.append(indent).append(Messages.visible(name)).append(':');
    text.append(value.isEmpty() ? "" : " ").append(Messages.visible(value)).append('\n');
  }
}
