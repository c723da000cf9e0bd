// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import io.nats.client.support.JsonParseException;
import io.nats.client.support.JsonParser;
import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.penstock.channel.Endpoint;
import io.penstock.nats.impl.link.Api;
import io.penstock.remote.spi.RemoteEntry;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An entry in JSON. What is read may come from anybody who can write to the stream. */
final class EntryText {
  private static final int FORMAT = 1;

  private EntryText() {}

  static byte[] write(RemoteEntry entry) {
    return Api.object()
        .put("format", FORMAT)
        .put("node", entry.node())
        .put("id", entry.id())
        .put("name", entry.name())
        .put("endpoint", entry.endpoint().toString())
        .put("rank", entry.rank())
        .put("tags", texts(entry.tags()))
        .put("properties", texts(entry.properties()))
        .toJson()
        .getBytes(StandardCharsets.UTF_8);
  }

  // By hand: the builder leaves out what is empty.
  private static JsonValue texts(Map<String, String> map) {
    Map<String, JsonValue> values = new LinkedHashMap<>();
    map.forEach((key, value) -> values.put(key, new JsonValue(value)));
    return new JsonValue(values);
  }

  /**
   * Reads an entry.
   *
   * @param subject where it was found
   * @throws IllegalArgumentException if it is no entry, or one for another subject
   */
  static RemoteEntry read(String subject, byte[] text) {
    JsonValue all;
    try {
      all = JsonParser.parse(text);
    } catch (JsonParseException e) {
      throw new IllegalArgumentException("it is no JSON", e);
    }
    int format = JsonValueUtils.readInteger(all, "format", 0);
    if (format != FORMAT) {
      throw new IllegalArgumentException("its format is " + format + ", not " + FORMAT);
    }
    RemoteEntry entry =
        new RemoteEntry(
            text(all, "node"),
            JsonValueUtils.readLong(all, "id", -1),
            text(all, "name"),
            Endpoint.parse(text(all, "endpoint")),
            JsonValueUtils.readInteger(all, "rank", 0),
            texts(all, "tags"),
            texts(all, "properties"));
    if (!Subjects.of(entry).equals(subject)) {
      throw new IllegalArgumentException("it says that it is " + entry.name() + " " + entry.key());
    }
    return entry;
  }

  private static String text(JsonValue all, String part) {
    String text = JsonValueUtils.readString(all, part);
    if (text == null) {
      throw new IllegalArgumentException("it has no " + part);
    }
    return text;
  }

  private static Map<String, String> texts(JsonValue all, String part) {
    JsonValue value = JsonValueUtils.readValue(all, part);
    Map<String, String> texts = new LinkedHashMap<>();
    @Nullable Map<String, JsonValue> map = value == null ? null : value.map;
    if (map != null) {
      map.forEach((key, each) -> texts.put(key, each.string == null ? "" : each.string));
    }
    return texts;
  }
}
