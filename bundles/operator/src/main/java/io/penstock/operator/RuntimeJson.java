// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import io.penstock.runtime.RateDTO;
import io.penstock.runtime.ResourcesDTO;
import io.penstock.runtime.RuntimeDTO;
import java.lang.reflect.RecordComponent;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Writes the records of {@link io.penstock.runtime} as JSON (RFC 8259). The fields have the names
 * of the records' components. What is absent is {@code null}, and so is a number below zero of a
 * {@link RateDTO} or {@link ResourcesDTO}, which stands for "not known". Stateless.
 */
@ProviderType
public final class RuntimeJson {
  /** Which components a record has, found once. */
  private static final ClassValue<RecordComponent[]> COMPONENTS =
      new ClassValue<>() {
        @Override
        protected RecordComponent[] computeValue(Class<?> type) {
          return type.getRecordComponents();
        }
      };

  /** Thousandths of what is less are whole numbers that a long has room for. */
  private static final double MOST_EXACT = 1e12;

  private RuntimeJson() {}

  /**
   * Writes all that there is.
   *
   * @param runtime what there is
   * @return an object in one line
   */
  public static String of(RuntimeDTO runtime) {
    return value(runtime);
  }

  /**
   * Writes one value.
   *
   * @param value a record of {@link io.penstock.runtime}, a string, a number, a boolean, an enum,
   *     an {@link Iterable} or {@link Map} of these, or null
   * @return JSON in one line
   * @throws IllegalArgumentException if the value, or one in it, is of another type
   */
  public static String value(@Nullable Object value) {
    StringBuilder json = new StringBuilder(256);
    append(json, value, false);
    return json.toString();
  }

  /**
   * Finds the components of a record that differ from an earlier one's. A record among them is
   * compared in the same way, but for a {@link RateDTO} or {@link ResourcesDTO}, which is told
   * whole, so that what is not known stays {@code null}.
   *
   * @param before the earlier record
   * @param now a record of the same type
   * @return the differing components by their names, in their order, for {@link #value}; empty if
   *     the two are equal
   * @throws IllegalArgumentException if the types differ, are not public, or are one of those two
   */
  public static Map<String, @Nullable Object> changes(Record before, Record now) {
    if (before.getClass() != now.getClass() || isToldWhole(now)) {
      throw new IllegalArgumentException(
          now.getClass().getName()
              + " cannot be told as changes of "
              + before.getClass().getName()
              + "; expected two records of one type, and no rate and no resources");
    }
    Map<String, @Nullable Object> changes = new LinkedHashMap<>();
    for (RecordComponent each : COMPONENTS.get(now.getClass())) {
      Object old = get(before, each);
      Object one = get(now, each);
      if (!Objects.equals(old, one)) {
        changes.put(
            each.getName(),
            old instanceof Record then && one instanceof Record is && !isToldWhole(is)
                ? changes(then, is)
                : one);
      }
    }
    return changes;
  }

  /** In these a number below zero stands for what is not known. */
  private static boolean isToldWhole(Record record) {
    return record instanceof RateDTO || record instanceof ResourcesDTO;
  }

  private static void append(StringBuilder json, @Nullable Object value, boolean unknownBelowZero) {
    if (value == null || (unknownBelowZero && ((Number) value).doubleValue() < 0)) {
      json.append("null");
    } else if (value instanceof String || value instanceof Enum<?>) {
      text(json, value.toString());
    } else if (value instanceof Double || value instanceof Float) {
      number(json, ((Number) value).doubleValue());
    } else if (value instanceof Number || value instanceof Boolean) {
      json.append(value);
    } else if (value instanceof Iterable<?> all) {
      array(json, all);
    } else if (value instanceof Map<?, ?> map) {
      object(json, map);
    } else if (value instanceof Record record) {
      object(json, record);
    } else {
      throw new IllegalArgumentException(
          value.getClass().getName() + " cannot be written as JSON; expected a record or a value");
    }
  }

  private static void number(StringBuilder json, double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      json.append("null");
    } else {
      rounded(json, value);
    }
  }

  /** Three digits behind the point. */
  private static void rounded(StringBuilder json, double value) {
    if (Math.abs(value) >= MOST_EXACT) {
      json.append(String.format(Locale.ROOT, "%.3f", value));
      return;
    }
    // A formatter takes many times as long, and there may be thousands of rates in a second.
    long thousandths = Math.round(Math.abs(value) * 1000);
    if (value < 0 && thousandths > 0) {
      json.append('-');
    }
    long rest = thousandths % 1000;
    json.append(thousandths / 1000)
        .append('.')
        .append((char) ('0' + rest / 100))
        .append((char) ('0' + rest / 10 % 10))
        .append((char) ('0' + rest % 10));
  }

  private static void array(StringBuilder json, Iterable<?> all) {
    json.append('[');
    for (Iterator<?> each = all.iterator(); each.hasNext(); ) {
      append(json, each.next(), false);
      if (each.hasNext()) {
        json.append(',');
      }
    }
    json.append(']');
  }

  private static void object(StringBuilder json, Map<?, ?> map) {
    char before = '{';
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      json.append(before);
      text(json, String.valueOf(entry.getKey()));
      json.append(':');
      append(json, entry.getValue(), false);
      before = ',';
    }
    json.append(map.isEmpty() ? "{}" : "}");
  }

  private static void object(StringBuilder json, Record record) {
    boolean unknown = isToldWhole(record);
    json.append('{');
    RecordComponent[] components = COMPONENTS.get(record.getClass());
    for (int i = 0; i < components.length; i++) {
      if (i > 0) {
        json.append(',');
      }
      text(json, components[i].getName());
      json.append(':');
      append(json, get(record, components[i]), unknown);
    }
    json.append('}');
  }

  /** The names of a record's components with their values, in their order. */
  static Map<String, @Nullable Object> components(Record record) {
    Map<String, @Nullable Object> all = new LinkedHashMap<>();
    for (RecordComponent each : COMPONENTS.get(record.getClass())) {
      all.put(each.getName(), get(record, each));
    }
    return all;
  }

  private static @Nullable Object get(Record record, RecordComponent component) {
    try {
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(
          record.getClass().getName() + " is not a public record, and cannot be written", e);
    }
  }

  private static void text(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> json.append("\\\"");
        case '\\' -> json.append("\\\\");
        case '\n' -> json.append("\\n");
        case '\r' -> json.append("\\r");
        case '\t' -> json.append("\\t");
        default -> {
          if (c < ' ' || c >= 0x7f) {
            // Plain ASCII: no terminal is controlled, and no character set can be mistaken.
            json.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
          } else {
            json.append(c);
          }
        }
      }
    }
    json.append('"');
  }
}
