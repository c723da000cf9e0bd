// SPDX-License-Identifier: Apache-2.0
package io.penstock.serve;

import java.io.IOException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Serves lines of text in UTF-8. As a service with the property {@link Server#LISTEN} or {@link
 * Server#CONNECT} it is called for each line.
 *
 * <pre>{@code
 * @Component
 * @ServeOn("tcp-listen://127.0.0.1:7000")
 * public class Echo implements LineHandler {
 *   @Override
 *   public void line(Connection client, String line) {
 *     client.reply(line);
 *   }
 * }
 * }</pre>
 */
@ConsumerType
@FunctionalInterface
public interface LineHandler extends ConnectionHandler {
  /**
   * A line came. The next one comes after this call has returned and the peer has taken the
   * replies.
   *
   * @param connection whose
   * @param line without its line feed, and without a carriage return before that; bytes that are
   *     not UTF-8 are U+FFFD
   * @throws IOException costs the connection
   */
  void line(Connection connection, String line) throws IOException;
}
