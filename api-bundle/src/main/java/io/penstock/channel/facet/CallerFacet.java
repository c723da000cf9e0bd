// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel.facet;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ProgramRequest;
import io.penstock.channel.TerminalSize;
import io.penstock.error.ExitException;
import io.penstock.stream.ByteSink;
import java.io.IOException;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Offered by a channel whose peer has asked for a program, as the client of an SSH server does. A
 * relay carries standard error and the exit status to this side, and takes terminal sizes and
 * signals from it. Its counterpart is {@link ProgramFacet}. A kind that has such peers implements
 * it.
 *
 * <p>Safe for use by any thread; no method waits. {@link Channel#gone()} of such a channel
 * completes when the peer no longer waits for the program. A channel that is closed or aborted
 * without {@link #exited} does not say how the program ended, and its peer takes that for a
 * failure.
 */
@ConsumerType
public interface CallerFacet {
  /**
   * What the peer has asked for. A relay opens its other side with it, by {@link
   * ChannelOptions#withProgram}.
   *
   * @return the request as it is now; chosen by the peer
   */
  ProgramRequest request();

  /**
   * The sink for bytes that the peer sees as standard error. It is made when it is first asked for,
   * and must then be ended, too.
   *
   * @return always the same, closed with the channel
   */
  ByteSink errorSink();

  /**
   * Tells the peer how the program has ended, also if it succeeded. The channel is closed
   * afterwards. A relay calls it once; only the first call has an effect.
   *
   * @param how {@linkplain ExitException#status() a status}, 0 for success, or {@linkplain
   *     ExitException#signal() a signal}; one that is not {@linkplain ExitException#stated()
   *     stated} tells the peer nothing
   * @throws IOException if the peer cannot be told any more
   */
  void exited(ExitException how) throws IOException;

  /**
   * Sets the observer that is called when the peer's terminal changes its size.
   *
   * @param observer replaces the previous one; run one at a time, on a thread of the product
   */
  void onResize(Consumer<TerminalSize> observer);

  /**
   * Sets the observer that is called when the peer sends the program a signal.
   *
   * @param observer replaces the previous one; gets the name without {@code SIG}, which the peer
   *     has chosen; run one at a time, on a thread of the product
   */
  void onSignal(Consumer<String> observer);
}
