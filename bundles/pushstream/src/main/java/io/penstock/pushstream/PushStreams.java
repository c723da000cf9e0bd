// SPDX-License-Identifier: Apache-2.0
package io.penstock.pushstream;

import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;
import org.osgi.util.pushstream.PushEventConsumer;
import org.osgi.util.pushstream.PushEventSource;

/**
 * Makes the two sides of a PushStream of ends. Stateless.
 *
 * <p>Beware of {@code Promise.timeout} on what a terminal operation of a PushStream returns: the
 * stream's executor stops when the stream closes, and the promise made by {@code timeout} may lose
 * its wake-up with it (org.osgi.util.pushstream 1.1.0, about one in a thousand, with any source and
 * any executor). Wait for the promise itself.
 */
@ProviderType
public final class PushStreams {
  private PushStreams() {}

  /**
   * A source of bytes as a source of events, for {@code PushStreamProvider.createStream} and its
   * like. Pieces of up to 64 KiB are sent as they come, one after the other, on threads of
   * Penstock's; no thread is blocked while there is nothing.
   *
   * <ul>
   *   <li>A delay that the consumer returns is waited for before the next piece is taken; bytes
   *       stay in the source meanwhile, so that its writer is slowed down.
   *   <li>The end of the source is a close event, its failure or local close an error event.
   *   <li>When the consumer returns a negative number or throws, and when the opened channel is
   *       closed, no more is taken and a close event is sent; the source stays open, and what was
   *       not sent stays readable, but for a piece that was on its way during such a close.
   *   <li>It may be opened again after that; opened while it is open, it sends an error event.
   * </ul>
   *
   * @param source the source
   * @return a source of events, safe for use by any thread
   */
  public static PushEventSource<ByteBuffer> source(ByteSource source) {
    return consumer -> {
      Opened opened = new Opened(source.name(), consumer);
      source.publisher().subscribe(opened);
      return opened;
    };
  }

  /**
   * A sink of bytes as a consumer of events, for {@code PushStream.forEachEvent} or for a source.
   * It never waits: bytes are queued until the sink takes them, and must not change until then.
   *
   * <ul>
   *   <li>While the sink takes all bytes it returns 0. While some bytes wait it returns a delay: 1
   *       ms at first, doubled for each event that comes in spite of that, up to 128 ms.
   *   <li>A close event ends the sink. An error event aborts the pipe or channel of the sink, so
   *       that its reader cannot take a part for the whole.
   *   <li>After these events, and once the sink was closed or has lost its reader, it returns a
   *       negative number.
   * </ul>
   *
   * @param sink the sink
   * @return a consumer, for one stream of events, safe for use by any thread
   */
  public static PushEventConsumer<ByteBuffer> consumer(ByteSink sink) {
    SinkConsumer consumer = new SinkConsumer(sink.subscriber());
    consumer.begin();
    return consumer;
  }
}
