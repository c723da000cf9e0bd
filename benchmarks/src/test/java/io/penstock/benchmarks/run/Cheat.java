// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.peer.Conduit;
import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.peer.Shape;
import java.io.IOException;

/** A peer that does less than it says, once. */
final class Cheat extends Conduit {
  private final Conduit honest;
  private final boolean changes;
  private final int at;
  private int writes;

  Cheat(boolean changes, int at) throws Exception {
    super(Shape.of(64));
    this.honest = Peer.ARRAY_BLOCKING_QUEUE.open(Shape.of(64));
    this.changes = changes;
    this.at = at;
  }

  @Override
  public void write() throws Exception {
    System.arraycopy(out, 0, honest.out, 0, out.length);
    if (++writes == at) {
      if (!changes) {
        return;
      }
      honest.out[5]++;
    }
    honest.write();
  }

  @Override
  public int read() throws Exception {
    int n = honest.read();
    System.arraycopy(honest.in, 0, in, 0, in.length);
    return n;
  }

  @Override
  public void end() throws Exception {
    honest.end();
  }

  @Override
  public void close() throws IOException {
    honest.close();
  }
}
