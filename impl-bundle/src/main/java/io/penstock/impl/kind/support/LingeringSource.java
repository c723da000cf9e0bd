// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support;

/** A source whose close leaves it open, so that what its writer still writes is dropped. */
public interface LingeringSource extends AbortableSource {
  /** Says that its writer has gone: what is there is still read, then the source ends. */
  default void finish() {}

  /** Lets go of it: a program that still writes gets a broken pipe. */
  void cut();
}
