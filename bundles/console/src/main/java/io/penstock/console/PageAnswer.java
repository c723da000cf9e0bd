// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.operator.RuntimeJson;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * What a browser gets.
 *
 * @param status of HTTP
 * @param type of the content
 * @param content is sent as UTF-8
 */
record PageAnswer(int status, String type, String content) {
  static final String HTML = "text/html; charset=utf-8";
  static final String JSON = "application/json";
  static final String STREAM = "text/event-stream";

  /** With each answer: nothing from elsewhere is loaded, framed, remembered or guessed. */
  static final Map<String, String> HEADERS =
      Map.of(
          "Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
              + " connect-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
          "X-Content-Type-Options",
          "nosniff",
          "Referrer-Policy",
          "no-referrer",
          "Cross-Origin-Resource-Policy",
          "same-origin",
          "Cache-Control",
          "no-store");

  static PageAnswer json(int status, Object value) {
    return new PageAnswer(status, JSON, RuntimeJson.value(value));
  }

  /** An answer that says something. */
  static PageAnswer message(int status, String message) {
    return json(status, Map.of("message", message));
  }

  byte[] bytes() {
    return content.getBytes(StandardCharsets.UTF_8);
  }
}
