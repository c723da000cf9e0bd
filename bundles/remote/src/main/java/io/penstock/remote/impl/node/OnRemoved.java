// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

/** What becomes of open channels when the entry that they were connected by is removed. */
public enum OnRemoved {
  /** A channel is aborted as soon as it has moved no byte for a session. */
  ABORT_IF_SILENT("abort-if-silent"),
  /** They are aborted at once. */
  ABORT("abort"),
  /** They stay. */
  KEEP("keep");

  private final String text;

  OnRemoved(String text) {
    this.text = text;
  }

  /** As it stands in a configuration. */
  public String text() {
    return text;
  }
}
