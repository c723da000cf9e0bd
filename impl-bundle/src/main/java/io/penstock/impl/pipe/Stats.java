// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import io.penstock.impl.buffer.PipeBody;
import io.penstock.impl.core.End;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.pipe.PipeStats;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What a pipe has done until now. */
record Stats(
    long bytesWritten,
    long bytesRead,
    long writes,
    long reads,
    long writeWaits,
    long readWaits,
    long highWater,
    long buffered,
    List<Waiting> waitingWriters,
    List<Waiting> waitingReaders)
    implements PipeStats {

  static Stats of(PipeBody body, SourceEnd source, SinkEnd sink, long now) {
    // In this order, so that no more seems read than was written.
    long read = body.bytesRead();
    long buffered = body.sink().pending();
    return new Stats(
        body.bytesWritten(),
        read,
        body.writes(),
        body.reads(),
        sink.waits(),
        source.waits(),
        body.highWater(),
        buffered,
        waiting(sink, now),
        waiting(source, now));
  }

  private static List<Waiting> waiting(End end, long now) {
    List<Waiting> all = new ArrayList<>();
    end.eachWaiting(
        (thread, since) ->
            all.add(new Waiting(thread.getName(), Duration.ofNanos(Math.max(0, now - since)))));
    return List.copyOf(all);
  }
}
