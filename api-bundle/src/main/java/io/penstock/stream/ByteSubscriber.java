// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Writes what a publisher sends to a sink, and asks for more as the sink takes it. Its methods
 * never wait, and may be called by several threads at once; a buffer must not change until it was
 * written.
 *
 * <ul>
 *   <li>{@code onComplete} ends the sink after everything before it.
 *   <li>{@code onError} cuts what the sink belongs to, pipe or channel, short with that cause, so
 *       that its reader cannot take a part for the whole.
 *   <li>A failure of the sink, or its close, cancels the subscription.
 * </ul>
 *
 * <p>It serves one subscription; a second one is cancelled at once.
 */
@ProviderType
public interface ByteSubscriber extends Flow.Subscriber<ByteBuffer> {
  /**
   * How it went.
   *
   * @return completes normally when everything was written and the sink was ended; with the
   *     publisher's error; or with the failure of the sink
   */
  CompletionStage<Void> done();
}
