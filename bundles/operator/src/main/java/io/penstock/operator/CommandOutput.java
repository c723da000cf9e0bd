// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ConsumerType;

/** Where a command writes to. Used by one thread, the one that runs the command. */
@ConsumerType
public interface CommandOutput {
  /**
   * Shows text at once. May wait for its reader.
   *
   * @param text whole lines, each with a line feed
   * @throws IOException if nobody reads it any more; the command ends then
   */
  void print(String text) throws IOException;

  /**
   * Shows a table. By default prints {@link ReportTable#text()}.
   *
   * @param table what to show
   * @throws IOException as {@link #print} does
   */
  default void table(ReportTable table) throws IOException {
    print(table.text());
  }

  /**
   * Whether it is a terminal that understands ANSI escape sequences, so that {@code --watch} may
   * draw in place. By default it is not.
   *
   * @return whether it is one
   */
  default boolean terminal() {
    return false;
  }

  /**
   * Completes when the user has gone, so that a command that goes on ends. By default it never
   * does; an interrupt of the calling thread ends such a command as well.
   *
   * @return completes at most once, on any thread
   */
  default CompletionStage<?> gone() {
    return new CompletableFuture<>();
  }
}
