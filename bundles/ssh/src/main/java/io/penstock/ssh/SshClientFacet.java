// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import io.penstock.channel.Channel;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A session channel as its client sees it. Safe for use by any thread.
 *
 * <p>The options of the endpoint ask for a program before the channel counts as connected. An
 * endpoint that names no program gives a session in which nothing runs yet. The caller then makes
 * the requests here in any order, and calls {@link #exec}, {@link #shell} or {@link #subsystem}
 * once, as the last.
 *
 * <p>A request is refused without asking the server when the channel is closed, when either side
 * has ended its output, or when a program was started already, except for {@link #resize} and
 * {@link #signal}, which are for a program that runs. A refusal leaves the channel open. Parity
 * CH-54.
 */
@ProviderType
public interface SshClientFacet extends SshFacet {
  /**
   * Makes the server run a command. The channel then carries its input and output. Parity CH-14.
   *
   * @param command in whatever encoding the server expects; not changed
   * @param wait how long for the server's answer
   * @throws io.penstock.error.RequestRejectedException if the server, or the state of the channel,
   *     refuses
   * @throws io.penstock.error.StreamTimeoutException if the limit passes first
   * @throws java.io.InterruptedIOException if the thread is interrupted; its flag stays set
   * @throws IOException if the connection failed
   * @throws IllegalArgumentException if told not to wait: there is always an answer to wait for
   */
  void exec(ByteBuffer command, Wait wait) throws IOException;

  /**
   * Makes the server start the user's shell. Parity CH-21.
   *
   * @param wait how long for the server's answer
   * @throws IOException as {@link #exec} says
   */
  void shell(Wait wait) throws IOException;

  /**
   * Makes the server start a subsystem, such as {@code sftp}. Parity CH-22.
   *
   * @param name of the subsystem
   * @param wait how long for the server's answer
   * @throws IOException as {@link #exec} says
   */
  void subsystem(String name, Wait wait) throws IOException;

  /**
   * Asks for a terminal. The program's standard error then comes with its output. Parity CH-18.
   *
   * @param pty its type and size
   * @param wait how long for the server's answer
   * @throws IOException as {@link #exec} says
   */
  void pty(Pty pty, Wait wait) throws IOException;

  /**
   * Sets a variable for the program. A server accepts only the variables it is configured to
   * accept, and does not say which. Parity CH-55.
   *
   * @param name of the variable
   * @param value its value
   * @throws IOException as {@link #exec} says, without the limit: there is no answer to wait for
   */
  void environment(String name, String value) throws IOException;

  /**
   * Tells the program that its terminal has another size. The server does not answer. While an
   * earlier size has not left yet, only the newest one waits. Parity CH-34.
   *
   * @param pty the new size; its type is ignored
   * @throws io.penstock.error.RequestRejectedException if no program runs
   * @throws IOException if the connection failed
   */
  void resize(Pty pty) throws IOException;

  /**
   * Sends the program a signal. The server does not answer, and may ignore it.
   *
   * @param name without {@code SIG}, such as {@code INT}, {@code TERM} or {@code KILL}
   * @throws io.penstock.error.RequestRejectedException if no program runs, or the server reads so
   *     slowly that 16 signals have not left yet
   * @throws IOException if the connection failed
   */
  void signal(String name) throws IOException;

  /**
   * Asks the server to let the program reach the user's agent: from now on, and until this session
   * is over, the server may open channels to it. The root user of the server can use the keys
   * meanwhile, though not copy them, so use this only for trusted servers. The request has no
   * answer: a server that refuses it never opens a channel. Of several sessions on one connection
   * the last that has asked gets all channels, because the server does not say which session they
   * are for. Parity CH-32.
   *
   * @param handler gets each channel as soon as it is open, on a thread of the product that may
   *     wait, and must close it; the channel has a {@link SshOriginFacet}
   * @throws io.penstock.error.RequestRejectedException if the state of the channel refuses, or a
   *     program was started already
   * @throws IOException if the connection failed
   */
  void forwardAgent(Consumer<Channel> handler) throws IOException;

  /**
   * Asks the server to let the program reach the user's X server, once for each session: X clients
   * that show the cookie become channels, whose first bytes have the real one in its place; others
   * are refused, with a line in the log. Parity CH-33.
   *
   * @param wanted the screen, the cookie and so on
   * @param handler gets each channel once its X client has shown the cookie, on a thread of the
   *     product that may wait, and must close it; the channel has a {@link SshOriginFacet}
   * @param wait how long for the server's answer
   * @return the cookie that X clients have to show; a secret, in lower case hex
   * @throws IOException as {@link #exec} says
   */
  String forwardX11(SshX11 wanted, Consumer<Channel> handler, Wait wait) throws IOException;

  /**
   * Works like {@link #forwardX11(SshX11, Consumer, Wait)}, but channels wait until {@link
   * #acceptX11} takes them. At most 16 wait; further ones are refused.
   *
   * @param wanted the screen, the cookie and so on
   * @param wait how long for the server's answer
   * @return the cookie that X clients have to show; a secret, in lower case hex
   * @throws IOException as {@link #exec} says
   */
  String forwardX11(SshX11 wanted, Wait wait) throws IOException;

  /**
   * Takes the next X client. Parity CH-33.
   *
   * @param wait how long for it
   * @return its channel; has a {@link SshOriginFacet}
   * @throws IllegalStateException if {@link #forwardX11(SshX11, Wait)} was not granted before
   * @throws io.penstock.error.WouldBlockException if told not to wait and none is there
   * @throws io.penstock.error.StreamTimeoutException if the limit passes first
   * @throws io.penstock.error.StreamClosedException if the session is over
   * @throws java.io.InterruptedIOException if the thread is interrupted; its flag stays set
   */
  Channel acceptX11(Wait wait) throws IOException;

  /**
   * The program's standard error, when the option {@code stderr=pipe} asked for it. It shares one
   * window with the output: a program that has filled the window with one of the two is stalled
   * until that one is read. Parity CH-01, CH-30, CH-31.
   *
   * @return a second source, closed with the channel; empty otherwise
   */
  Optional<ByteSource> errorSource();

  /**
   * Whether standard error joins the output. When this is switched on, bytes that wait in {@link
   * #errorSource()} go behind the bytes that wait in the output. Switching it off affects only
   * later bytes. Parity CH-46.
   *
   * @param on true to join them
   * @return the previous setting
   */
  boolean combineErrors(boolean on);

  /**
   * Waits for the program's end, with a separate limit. Read the output and standard error first,
   * or on other threads: a program that cannot write does not end. Parity CH-15, CH-28.
   *
   * @param wait this call's limit
   * @return how it ended; {@link SshExit#none()} if the server did not say
   * @throws io.penstock.error.WouldBlockException if told not to wait and it is not known yet
   * @throws io.penstock.error.StreamTimeoutException if the limit passes first
   * @throws io.penstock.error.StreamClosedException if the channel was closed here before it was
   *     known
   * @throws io.penstock.error.StreamClosedWhileWaitingException if the channel is closed here
   *     during the wait
   * @throws java.io.InterruptedIOException if the thread is interrupted; its flag stays set
   * @throws IOException if the connection failed before it was known
   */
  SshExit exit(Wait wait) throws IOException;
}
