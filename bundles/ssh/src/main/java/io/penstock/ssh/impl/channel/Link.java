// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.spi.ArrivedBytes;
import io.penstock.spi.Memory;
import io.penstock.spi.Messages;
import io.penstock.ssh.impl.Untrusted;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.sshd.client.channel.AbstractClientChannel;
import org.apache.sshd.client.future.DefaultOpenFuture;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.common.channel.RequestHandler;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.BufferUtils;
import org.apache.sshd.core.CoreModuleProperties;
import org.jspecify.annotations.Nullable;

/**
 * One channel on the wire, opened by us or by the peer.
 *
 * <p>The library calls it on the threads that read from sockets, so nothing here waits. One class
 * for both directions, of this ancestry, because the library casts every channel whose opening is
 * refused to it.
 *
 * <p>A channel that the peer closes without having ended its output was cut short, unless it has
 * said how its program ended.
 */
public final class Link extends AbstractClientChannel {
  private static final Logger LOG = Messages.log("ssh");

  /** Bigger packets break with OpenSSH. */
  static final long PACKET = 32 * 1024;

  /** Hears of what concerns the channel as a whole. No method may wait. */
  public interface Owner {
    /**
     * The peer asks for something.
     *
     * @param type what for
     * @param body what comes with it
     * @return whether it is granted
     */
    boolean request(String type, Buffer body);

    /** The answer to a request is on its way, if it wanted one. */
    default void answered(String type, boolean granted) {}

    /**
     * Whether the peer may open the channel.
     *
     * @return 0 if so, otherwise the code of the refusal
     */
    default int refuses() {
      return 0;
    }

    /**
     * The peer wants to open the channel.
     *
     * @param body what its message has beside what all have
     * @return completes when it may; fails with the refusal that the peer is told
     */
    default CompletionStage<?> opens(Buffer body) {
      int refusal = refuses();
      return refusal == 0
          ? CompletableFuture.completedFuture(null)
          : CompletableFuture.failedFuture(new Refusal(refusal, "refused"));
    }

    /** The peer was told that the channel is open. */
    default void opened() {}

    /**
     * Nothing more comes, and nothing more can be sent.
     *
     * @param cause null after the peer has closed it or we have; otherwise how it was cut
     */
    default void over(@Nullable IOException cause) {}

    /**
     * Nothing of the channel goes to the peer any more either. Code that closes the connection
     * earlier keeps our answer to the peer's close from reaching the peer.
     */
    default void released() {}
  }

  private final Held held = new Held();
  private final OutgoingData outgoing = new OutgoingData(this, held);
  private final IncomingData incoming = new IncomingData(this, outgoing, held);
  private final ChannelRequests requests = new ChannelRequests(this, outgoing);
  private final ChannelOpening opening;
  private final AtomicBoolean told = new AtomicBoolean();
  private volatile String name;
  private volatile Owner owner = (type, body) -> false;
  private volatile boolean verdict;
  private volatile boolean closedByPeer;
  private volatile boolean closedByUs;
  private volatile @Nullable IOException refused;

  private Link(String name, String type, long window, Consumer<Buffer> body) {
    super(type);
    this.name = name;
    this.opening = new ChannelOpening(this, outgoing, body);
    CoreModuleProperties.WINDOW_SIZE.set(this, window);
    CoreModuleProperties.MAX_PACKET_SIZE.set(this, PACKET);
  }

  /**
   * A channel that we shall open.
   *
   * @param name for errors
   * @param type such as {@code session}
   * @param window how many bytes may wait unread
   * @param body puts what belongs to the type into the message that opens it
   * @return registered and opened by {@link #open(ConnectionService)}
   */
  public static Link toOpen(String name, String type, long window, Consumer<Buffer> body) {
    return new Link(name, type, window, body);
  }

  /**
   * A channel that the peer opens.
   *
   * @param name for errors
   * @param type such as {@code session}
   * @param window how many bytes may wait unread
   * @return for the library to register
   */
  public static Link opened(String name, String type, long window) {
    return new Link(name, type, window, body -> {});
  }

  /** Sets the observer of the link; before it is opened. */
  public void ownedBy(Owner value) {
    owner = value;
  }

  /** An accepted channel gets its name when the program accepts it. */
  public void rename(String value) {
    name = value;
  }

  /** What the peer sends. */
  public ArrivedBytes input() {
    return incoming.input();
  }

  /** What the peer sends as standard error. */
  public ArrivedBytes errors() {
    return incoming.errors();
  }

  /** What goes to the peer. */
  public Outbox output() {
    return outgoing.output();
  }

  /**
   * What goes to the peer as standard error. After the first call the end is sent only when both
   * streams have ended. After the end nothing can be written.
   */
  public Outbox errorOutput() {
    return outgoing.errorOutput();
  }

  /** Has what it holds counted there from now on. */
  void countTo(Memory memory) {
    held.countTo(memory);
  }

  // ---- opening

  /**
   * Opens it.
   *
   * @param service the connection's
   * @return completes when the peer has accepted it; fails with the open-failed type when it
   *     refuses
   */
  public CompletableFuture<Link> open(ConnectionService service) {
    return opening.open(service);
  }

  /** The peer opens it. */
  @Override
  public OpenFuture open(long recipient, long window, long packet, Buffer buffer) {
    setRecipient(recipient);
    getRemoteWindow().init(window, packet, this);
    opening.decide(owner, buffer);
    // If the library learned of a refusal, it would tell the peer without the reason.
    return new DefaultOpenFuture(this, futureLock);
  }

  /** Returns the future that the library completes and that a close waits for. */
  OpenFuture beginOpening() {
    OpenFuture future = new DefaultOpenFuture(this, futureLock);
    openFuture = future;
    return future;
  }

  /** Has the library tell the peer that the channel is open; always true. */
  boolean confirmOpen() {
    signalChannelOpenSuccess();
    return true;
  }

  void markOpened() {
    opened.set(true);
  }

  @Override
  protected void doOpen() {
    // The two ends are there already.
  }

  // ---- what comes

  @Override
  public void handleData(Buffer buffer) throws IOException {
    incoming.output(buffer);
  }

  @Override
  public void handleExtendedData(Buffer buffer) throws IOException {
    incoming.extended(buffer);
  }

  @Override
  protected void doWriteData(byte[] data, int off, long len) {
    incoming.input().put(data, off, (int) len);
  }

  @Override
  protected void doWriteExtendedData(byte[] data, int off, long len) {
    incoming.putErrors(data, off, (int) len);
  }

  /** Says that standard error may come, and where it goes. */
  public void expectErrors(boolean join) {
    incoming.expectErrors(join);
  }

  /**
   * Whether standard error goes to the input.
   *
   * @param on true to send what waits, and what comes, there
   * @return what was set before
   */
  public boolean join(boolean on) {
    return incoming.join(on);
  }

  @Override
  public void handleEof() throws IOException {
    if (isEofSignalled()) {
      // Not the first one; the library would log each.
      return;
    }
    super.handleEof();
    incoming.finish(null);
  }

  @Override
  public void handleWindowAdjust(Buffer buffer) throws IOException {
    long more = buffer.getUInt();
    long present = getRemoteWindow().getSize();
    if (more > BufferUtils.MAX_UINT32_VALUE - present) {
      throw IncomingData.broken(
          "credit for " + more + " bytes more than " + present + ", which no window holds");
    }
    getRemoteWindow().expand(more);
    outgoing.wakeWriters();
  }

  // ---- requests

  @Override
  public void handleRequest(Buffer buffer) throws IOException {
    String type = buffer.getString();
    boolean wantReply = buffer.getBoolean();
    boolean granted;
    try {
      granted = owner.request(type, buffer);
    } catch (RuntimeException e) {
      LOG.log(Level.DEBUG, name + ": the request " + Untrusted.shown(type) + " cannot be read", e);
      granted = false;
    }
    try {
      if (wantReply) {
        IoWriteFuture unused =
            sendResponse(
                buffer,
                type,
                granted ? RequestHandler.Result.ReplySuccess : RequestHandler.Result.ReplyFailure,
                true);
      }
    } finally {
      // Also when the connection has gone meanwhile: something may have been kept for it.
      owner.answered(type, granted);
    }
  }

  /**
   * Sends a request.
   *
   * @param type what for
   * @param wantReply whether the peer shall answer
   * @param body puts what belongs to it into the message
   * @return completes when it was granted, or was sent and needs no answer; fails with the rejected
   *     type when it was refused
   */
  public CompletableFuture<Void> request(String type, boolean wantReply, Consumer<Buffer> body) {
    return requests.request(type, wantReply, body);
  }

  /**
   * Sends a request that is not answered. No window bounds such requests, so a caller that sends
   * many has to make sure that they leave.
   *
   * @param type what for
   * @param body puts what belongs to it into the message
   * @return completes when the system has taken the request, or will never take it; fails when it
   *     cannot be sent
   */
  public CompletableFuture<Void> tell(String type, Consumer<Buffer> body) {
    return requests.tell(type, body);
  }

  @Override
  public void handleSuccess() {
    requests.answered(true);
  }

  @Override
  public void handleFailure() {
    requests.answered(false);
  }

  // ---- the end of it

  /** The peer has said how its program ended: a close without an end of the output is no cut. */
  public void verdictCame() {
    verdict = true;
  }

  /** Whether the peer was told that nothing more comes. */
  public boolean hasSentEnd() {
    return outgoing.hasSentEnd();
  }

  /** Closes it after what was sent. */
  public void closeByUs() {
    closedByUs = true;
    Object unused = close(false);
  }

  void markClosedByUs() {
    closedByUs = true;
  }

  boolean isClosedByUs() {
    return closedByUs;
  }

  /** Closes it because of what the peer has sent. */
  void refuse(IOException why) {
    refused = why;
    Object unused = close(false);
  }

  boolean isRefused() {
    return refused != null;
  }

  /**
   * Closes it, because it holds more than there is memory for. Bytes on their way to a peer that
   * takes nothing can be dropped only with the whole connection.
   */
  void cutFor(IOException why) {
    refused = why;
    incoming.cut(why);
    boolean stuck = outgoing.isPending();
    Object unused = close(stuck);
    if (stuck) {
      Session session = getSession();
      SessionWatch watch = SessionWatch.of(session);
      if (watch != null) {
        watch.lostBecause("it took nothing for so long that the memory was needed", why);
      }
      Object unusedToo = session.close(true);
    }
  }

  @Override
  public void handleClose() throws IOException {
    closedByPeer = true;
    super.handleClose();
  }

  /** The library calls this first, whichever side closes the channel and however. */
  @Override
  protected void preClose() {
    IOException why = reason();
    outgoing.shut(closedByPeer || closedByUs ? null : why);
    super.preClose();
    incoming.finish(why);
    IOException cause = outgoing.cause();
    requests.refuseUnanswered(cause);
    outgoing.wakeWriters();
    OpenFuture asked = openFuture;
    if (cause != null && asked != null && !asked.isDone()) {
      // No answer will come any more.
      asked.setException(cause);
    }
    if (!closedByUs || closedByPeer) {
      tellOver();
    }
  }

  /** Why nothing more comes; null after an end that the peer has meant. */
  private @Nullable IOException reason() {
    if (closedByPeer) {
      return isEofSignalled() || verdict
          ? null
          : new StreamTruncatedException(
              name, "the peer has closed the channel without the end of its output", 0);
    }
    if (closedByUs) {
      return new StreamClosedException(name);
    }
    IOException ours = refused;
    return ours == null ? Losses.of(name, getSession()) : ours;
  }

  private void tellOver() {
    if (told.compareAndSet(false, true)) {
      owner.over(outgoing.cause());
    }
  }

  /** The last call of the library: each side has the other's close, or the connection has gone. */
  @Override
  public void handleChannelUnregistration(ConnectionService service) {
    super.handleChannelUnregistration(service);
    outgoing.dropWithConnection();
    tellOver();
    owner.released();
  }

  @Override
  public String toString() {
    return name;
  }
}
