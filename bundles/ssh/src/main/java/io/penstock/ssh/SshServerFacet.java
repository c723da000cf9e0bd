// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import io.penstock.channel.Channel;
import io.penstock.stream.ByteSink;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A session channel as the server sees it: accepted once its client has asked for a program. Safe
 * for use by any thread; no method waits but {@link #openAgent} and {@link #openX11}.
 *
 * <p>The code that accepted the channel is the program, and has to say how it ended: by {@link
 * #sendExitStatus} with 0 for success, before it closes the channel. When the channel is closed or
 * aborted without that, the client gets no status, which OpenSSH's client shows as 255. So a {@code
 * try} statement that closes the channel after an exception does not report success.
 */
@ProviderType
public interface SshServerFacet extends SshFacet {
  /**
   * What the client has asked for.
   *
   * @return chosen by the client: treat it as data, and never hand it to a shell unchecked
   */
  SshRequest request();

  /**
   * The client's own request when its key is restricted to a command: {@link #request} is that
   * command then ({@code command=} in {@code authorized_keys}).
   *
   * @return empty when {@link #request} is the client's own
   */
  Optional<SshRequest> originalRequest();

  /**
   * The variables that the client has sent before its request, of which at most 64 are kept, and
   * those of its line in {@code authorized_keys}.
   *
   * @return unmodifiable; chosen by the client, so do not hand them to a program unchecked
   */
  Map<String, String> environment();

  /**
   * The terminal that the client has asked for, in its present size.
   *
   * @return empty if it wants none
   */
  Optional<Pty> pty();

  /**
   * Whether the client lets the program reach its agent. Parity CH-32.
   *
   * @return true if it has asked for that and may ({@code allow=agent})
   */
  boolean agent();

  /**
   * Opens a channel to the client's agent, which speaks the protocol of agents there. Parity CH-32.
   *
   * @param wait how long to wait for the client's answer
   * @return the channel, which the caller must close; has a {@link SshOriginFacet}
   * @throws io.penstock.error.RequestRejectedException if {@link #agent} is false
   * @throws io.penstock.error.OpenFailedException if the client refuses; has its code
   * @throws io.penstock.error.StreamTimeoutException if the limit passes first
   * @throws java.io.InterruptedIOException if the thread is interrupted; its flag stays set
   * @throws IOException if the connection failed
   * @throws IllegalArgumentException if told not to wait: there is always an answer to wait for
   */
  Channel openAgent(Wait wait) throws IOException;

  /**
   * How the client lets the program reach its X server. Parity CH-33.
   *
   * @return the data that an X client has to show to it, if the client has asked for that and may
   *     ({@code allow=x11}); empty otherwise
   */
  Optional<SshX11> x11();

  /**
   * Opens a channel to the client's X server, for one X client, which shows the cookie of {@link
   * #x11}. Parity CH-33.
   *
   * @param originator where the X client comes from, for the client's log
   * @param wait how long to wait for the client's answer
   * @return the channel, which the caller must close; has a {@link SshOriginFacet}
   * @throws io.penstock.error.RequestRejectedException if {@link #x11} is empty, or allows one
   *     channel only and this is the second
   * @throws IOException as {@link #openAgent} says
   */
  Channel openX11(InetSocketAddress originator, Wait wait) throws IOException;

  /**
   * The sink for bytes that the client sees as standard error. It is made when it is first asked
   * for, and shares one window with the output. From then on the client sees the end of the output
   * only when both have ended. Ask for it before you end the output: the client is told of the end
   * of both at once, and a later write gets a {@link io.penstock.error.BrokenPipeException}. Parity
   * CH-24, CH-41, CH-45.
   *
   * @return always the same, closed with the channel
   */
  ByteSink errorSink();

  /**
   * Tells the client how the program has ended. Only the first call of this and {@link
   * #sendExitSignal} counts. It overtakes writes that still wait for room: call it when they are
   * done, or the client may take what it has for the whole output. Parity CH-39.
   *
   * @param status 0 for success; the client sees its 32 bits as a number without a sign
   * @throws io.penstock.error.RequestRejectedException if the channel is closed
   * @throws IOException if the connection failed
   */
  void sendExitStatus(int status) throws IOException;

  /**
   * Tells the client that a signal has ended the program. Parity CH-39.
   *
   * @param name without {@code SIG}, such as {@code TERM}
   * @param coreDumped whether it left a core dump
   * @param message for the user; may be empty
   * @throws io.penstock.error.RequestRejectedException if the channel is closed
   * @throws IOException if the connection failed
   */
  void sendExitSignal(String name, boolean coreDumped, String message) throws IOException;

  /**
   * Sets the observer that is called when the client's terminal changes its size. Of several
   * changes while the observer runs only the last is reported.
   *
   * @param observer replaces the previous one; run on a thread of the product, one at a time
   */
  void onResize(Consumer<Pty> observer);

  /**
   * Sets the observer that is called when the client sends a signal. At most 16 signals wait while
   * the observer runs; further ones are dropped.
   *
   * @param observer replaces the previous one; given the name without {@code SIG}; run on a thread
   *     of the product's, one at a time; signals that came before it was set are reported at once
   */
  void onSignal(Consumer<String> observer);
}
