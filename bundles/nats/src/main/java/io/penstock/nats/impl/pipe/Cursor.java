// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.pipe;

import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.penstock.nats.impl.link.Api;
import io.penstock.nats.impl.pipe.KeyStore.Value;

/**
 * How far a reader is, as its key says.
 *
 * @param committed the position that was committed
 * @param stream how many marks are done with
 * @param released from where on bytes count against the capacity
 * @param sequence of a message at that position or before
 * @param epoch of the writer there
 * @param floor no message before this one is needed
 */
record Cursor(long committed, long stream, long released, long sequence, long epoch, long floor) {
  /** Of a pipe from which nothing was read. */
  static final Cursor NONE = new Cursor(0, 0, 0, 1, 0, 0);

  static Cursor of(Value value) {
    return new Cursor(
        value.number("position"),
        value.number("stream"),
        value.number("released"),
        Math.max(1, value.number("sequence")),
        value.number("writer"),
        value.number("floor"));
  }

  /** The same place, looked for from another message on. */
  Cursor from(long first) {
    return new Cursor(committed, stream, released, first, 0, Math.min(floor, first));
  }

  /** As the value of a key, to which the claim adds its own. */
  MapBuilder fields() {
    return Api.object()
        .put("position", committed)
        .put("stream", stream)
        .put("released", released)
        .put("sequence", sequence)
        .put("writer", epoch)
        .put("floor", floor);
  }
}
