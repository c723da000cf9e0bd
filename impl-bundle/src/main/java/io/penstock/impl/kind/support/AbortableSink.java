// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support;

import io.penstock.spi.SinkDriver;

/** A sink that its channel's driver can cut. */
public interface AbortableSink extends SinkDriver {
  /**
   * Lets go of the sink without any wait for what was not written. Never throws.
   *
   * @param cause why, for callers that still write
   */
  void abort(Throwable cause);
}
