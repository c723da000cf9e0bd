// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.support;

import io.nats.client.Connection;
import io.nats.client.Message;
import io.nats.client.impl.Headers;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** What JetStream would say, for tests that answer in its place. */
public final class Replies {
  /** What the requests to JetStream begin with. */
  public static final String API = "$JS.API.";

  private Replies() {}

  /** Says a text, if somebody waits for it. */
  public static void answer(Connection connection, Message question, String text) {
    if (question.getReplyTo() != null) {
      connection.publish(question.getReplyTo(), text.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** A refusal by its number. */
  public static String error(int code) {
    return "{\"error\":{\"code\":404,\"err_code\":" + code + ",\"description\":\"planted\"}}";
  }

  /** A message that the leader of a stream has. */
  public static String message(long sequence, byte[] data, @Nullable Headers headers) {
    StringBuilder head = new StringBuilder("NATS/1.0\r\n");
    if (headers != null) {
      headers.forEach((name, values) -> head.append(name + ": " + values.get(0) + "\r\n"));
    }
    Base64.Encoder base64 = Base64.getEncoder();
    return "{\"message\":{\"seq\":"
        + sequence
        + ",\"data\":\""
        + base64.encodeToString(data)
        + "\",\"hdrs\":\""
        + base64.encodeToString(head.toString().getBytes(StandardCharsets.UTF_8))
        + "\"}}";
  }
}
