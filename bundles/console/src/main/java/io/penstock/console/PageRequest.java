// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a browser asks for, whichever server it asks. It has logged in.
 *
 * @param method such as {@code GET}
 * @param path below the page, without a slash in front
 * @param parameters of the query and of a form
 * @param headers gives a header by its name; null if there is none
 */
record PageRequest(
    String method,
    String path,
    Map<String, String> parameters,
    UnaryOperator<@Nullable String> headers) {

  @Nullable String header(String name) {
    return headers.apply(name);
  }
}
