// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.spi.SegmentSource;
import io.penstock.stream.ByteConsumer;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Lends a consumer what a source has, where it lies. Only with the turn, while a close waits. */
final class Lending {
  private Lending() {}

  /** As {@link SourceEnd#consume}. */
  static int lend(SourceEnd source, int max, ByteConsumer use, Limit limit) throws IOException {
    while (true) {
      source.check(limit.hasWaited());
      ByteBuffer run = source.hasBack() ? null : segment(source, max);
      if (run != null) {
        return lendSegment(source, run, use);
      }
      int n = fillBack(source, limit.hasWaited());
      if (n > 0) {
        return lendBack(source, max, use);
      }
      if (n < 0) {
        return -1;
      }
      if (!source.await(limit, 0)) {
        return 0;
      }
    }
  }

  private static @Nullable ByteBuffer segment(SourceEnd source, int max) {
    return source.driver() instanceof SegmentSource segments ? segments.lend(max) : null;
  }

  /** Makes sure that there is something in front. */
  private static int fillBack(SourceEnd source, boolean waited) throws IOException {
    if (source.hasBack()) {
      return 1;
    }
    if (source.driver() instanceof SegmentSource segments && !segments.ready()) {
      source.nothingNow(waited);
      return 0;
    }
    ByteBuffer ahead = ByteBuffer.allocate(DrivenSource.PEEK);
    LongRead look = new LongRead(false);
    int n = source.tryRead(ahead, waited, look);
    if (n > 0) {
      source.endLook(look, ahead.flip());
    }
    return n;
  }

  private static int lendBack(SourceEnd source, int max, ByteConsumer use) throws IOException {
    Front all = source.takeBack();
    int used = 0;
    try {
      int n = Math.min(max, source.most(all.size()));
      ByteBuffer run = all.bytes().slice(all.bytes().position(), n).asReadOnlyBuffer();
      use.accept(run);
      used = run.position();
      return used;
    } finally {
      boolean unused = source.tookBack(all, used, null);
      source.count(used);
      Front rest = all.after(used);
      // Behind what was given back meanwhile, which was read before it.
      source.append(rest.bytes(), rest.loose());
    }
  }

  private static int lendSegment(SourceEnd source, ByteBuffer run, ByteConsumer use)
      throws IOException {
    int start = run.position();
    int used = 0;
    try {
      use.accept(run);
      used = run.position() - start;
      return used;
    } finally {
      if (source.driver() instanceof SegmentSource segments) {
        segments.unlend(used);
        if (used > 0) {
          source.moved(used);
        }
      }
    }
  }
}
