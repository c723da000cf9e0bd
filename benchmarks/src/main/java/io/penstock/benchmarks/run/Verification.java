// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.peer.Conduit;
import io.penstock.benchmarks.peer.HandOver;
import io.penstock.benchmarks.peer.Peer;
import io.penstock.benchmarks.peer.Shape;

/** That a peer moves each byte, in order and once, before anybody believes how fast it is. */
public final class Verification {
  private Verification() {}

  static byte expected(long at) {
    return (byte) (at * 31 + (at >> 8));
  }

  /** Writes some, ends, and compares what comes out on the other side. */
  public static void conduit(Peer peer, int chunk) throws Exception {
    try (Conduit conduit = peer.open(Shape.of(chunk))) {
      verify(conduit, Math.max(5, Math.min(4096, 8 * 1024 * 1024 / chunk)));
    }
  }

  static void verify(Conduit conduit, int writes) throws Exception {
    Partner reader = Partner.start(() -> readAll(conduit));
    long at = 0;
    for (int i = 0; i < writes; i++) {
      for (int j = 0; j < conduit.out.length; j++) {
        conduit.out[j] = expected(at++);
      }
      conduit.write();
    }
    conduit.end();
    reader.join(at);
  }

  private static long readAll(Conduit conduit) throws Exception {
    long at = 0;
    for (int n; (n = conduit.read()) >= 0; ) {
      if (n == 0) {
        throw new IllegalStateException("a read brought 0 bytes, expected 1 or more, or the end");
      }
      for (int i = 0; i < n; i++, at++) {
        if (conduit.in[i] != expected(at)) {
          throw new IllegalStateException(
              "byte " + at + " is " + conduit.in[i] + ", expected " + expected(at));
        }
      }
    }
    return at;
  }

  /** Gives some, ends, and counts on the other side. */
  public static void handOver(Peer peer) throws Exception {
    int gifts = 5000;
    try (HandOver handOver = peer.openHandOver()) {
      Partner taker =
          Partner.start(
              () -> {
                long sum = 0;
                for (int n; (n = handOver.take()) >= 0; ) {
                  sum += n;
                }
                return sum;
              });
      for (int i = 0; i < gifts; i++) {
        handOver.give();
      }
      handOver.end();
      taker.join((long) gifts * HandOver.SIZE);
    }
  }
}
