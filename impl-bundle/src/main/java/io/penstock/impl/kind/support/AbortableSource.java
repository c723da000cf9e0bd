// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support;

import io.penstock.spi.SourceDriver;

/** A source that its channel's driver can cut. */
public interface AbortableSource extends SourceDriver {
  /**
   * Lets go of the source without any wait for what still comes. Never throws.
   *
   * @param cause why, for callers that still read
   */
  void abort(Throwable cause);
}
