// SPDX-License-Identifier: Apache-2.0
package io.penstock.stream;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Writes the items of a publisher to a sink, and requests more as the sink takes them. Its methods
 * never wait, and several threads may call them at once. A buffer must not change until it was
 * written.
 *
 * <ul>
 *   <li>{@code onComplete} ends the sink after everything before it.
 *   <li>{@code onError} aborts the pipe or channel of the sink with that cause, so that its reader
 *       cannot take a part for the whole.
 *   <li>A failure of the sink, or its close, cancels the subscription.
 * </ul>
 *
 * <p>It serves one subscription; a second one is cancelled at once.
 */
@ProviderType
public interface ByteSubscriber extends Flow.Subscriber<ByteBuffer> {
  /**
   * The outcome.
   *
   * @return completes normally when everything was written and the sink was ended; with the
   *     publisher's error; or with the failure of the sink
   */
  CompletionStage<Void> done();
}
