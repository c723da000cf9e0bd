// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.channel;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.MemoryLimitException;
import io.penstock.error.OpenFailedException;
import io.penstock.error.RequestRejectedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamTruncatedException;
import io.penstock.spi.Memory;
import io.penstock.spi.Messages;
import io.penstock.ssh.impl.Untrusted;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.sshd.client.channel.AbstractClientChannel;
import org.apache.sshd.client.future.DefaultOpenFuture;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.SshException;
import org.apache.sshd.common.channel.RequestHandler;
import org.apache.sshd.common.channel.exception.SshChannelOpenException;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.BufferUtils;
import org.apache.sshd.common.util.threads.ThreadUtils;
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
  private static final long PACKET = 32 * 1024;

  private static final int HEADER = 64;

  /** Some peers count it to the packet. */
  private static final int LENGTH_FIELD = 4;

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
     * Nothing of it goes to the peer any more either: whatever closes the connection before keeps
     * our answer to the peer's close from it.
     */
    default void released() {}
  }

  private final Consumer<Buffer> opening;
  private final Inbox input;
  private final Inbox errors;
  private final Outbox output = new Outbox(this, false);
  private final Held held = new Held();
  private final AtomicBoolean told = new AtomicBoolean();
  private volatile String name;
  private volatile Owner owner = (type, body) -> false;
  private volatile @Nullable Outbox errorOutput;
  private volatile boolean errorsExpected;
  private volatile boolean verdict;
  private volatile boolean closedByPeer;
  private volatile boolean closedByUs;
  private volatile @Nullable IOException refused;
  private volatile boolean unwritable;
  private volatile @Nullable IOException cause;

  // Keeps packets, and the replies that some of them get, in one order, and what is sent before the
  // message that closes the channel. The library does not wait in what is called under it.
  private final ReentrantLock sending = new ReentrantLock();
  // Guarded by it.
  private final Queue<Unanswered> unanswered = new ArrayDeque<>();
  private volatile boolean endSent;

  // Keeps standard error in its order while it changes where it goes.
  private final ReentrantLock joining = new ReentrantLock();
  // Guarded by it.
  private boolean joined;

  /** A request of ours on its way. */
  private record Unanswered(String type, CompletableFuture<Void> answer) {}

  private Link(String name, String type, long window, Consumer<Buffer> opening) {
    super(type);
    this.name = name;
    this.opening = opening;
    this.input = new Inbox(() -> this.name, this::credit, held);
    this.errors = new Inbox(() -> this.name + " (standard error)", this::credit, held);
    CoreModuleProperties.WINDOW_SIZE.set(this, window);
    CoreModuleProperties.MAX_PACKET_SIZE.set(this, PACKET);
  }

  /**
   * A channel that we shall open.
   *
   * @param name for errors
   * @param type such as {@code session}
   * @param window how many bytes may wait unread
   * @param opening puts what belongs to the type into the message that opens it
   * @return registered and opened by {@link #open(ConnectionService)}
   */
  public static Link toOpen(String name, String type, long window, Consumer<Buffer> opening) {
    return new Link(name, type, window, opening);
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
  public Inbox input() {
    return input;
  }

  /** What the peer sends as standard error. */
  public Inbox errors() {
    return errors;
  }

  /** What goes to the peer. */
  public Outbox output() {
    return output;
  }

  /**
   * What goes to the peer as standard error; from then on the end needs that of both. After the end
   * nothing can be written to it.
   */
  public Outbox errorOutput() {
    sending.lock();
    try {
      Outbox present = errorOutput;
      if (present == null) {
        present = new Outbox(this, true);
        errorOutput = present;
      }
      return present;
    } finally {
      sending.unlock();
    }
  }

  // ---- memory

  Held held() {
    return held;
  }

  /** Has what it holds counted there from now on. */
  void countTo(Memory memory) {
    held.countTo(memory);
  }

  /** Reads on when there is memory again. */
  private void pauseIfSpent() {
    Memory spent = held.spent();
    Watch watch = spent == null ? null : Watch.of(getSession());
    if (spent != null && watch != null) {
      watch.starve(getSession(), spent);
    }
  }

  /**
   * Closes it, because it holds more than there is memory for. What is on its way to a peer that
   * takes nothing goes only with the connection.
   */
  void cutFor(IOException why) {
    refused = why;
    input.cut(why);
    errors.cut(why);
    Outbox further = errorOutput;
    boolean stuck = output.pending() > 0 || (further != null && further.pending() > 0);
    Object unused = close(stuck);
    if (stuck) {
      Session session = getSession();
      Watch watch = Watch.of(session);
      if (watch != null) {
        watch.lostBecause("it took nothing for so long that the memory was needed", why);
      }
      Object unusedToo = session.close(true);
    }
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
    CompletableFuture<Link> result = new CompletableFuture<>();
    try {
      long unused = service.registerChannel(this);
      OpenFuture asked = askToOpen();
      asked.addListener(
          done -> {
            Throwable failure = done.getException();
            if (done.isOpened()) {
              result.complete(this);
            } else if (failure instanceof SshChannelOpenException refused) {
              result.completeExceptionally(
                  new OpenFailedException(
                      name, refused.getReasonCode(), Untrusted.shown(refused.getMessage())));
            } else {
              result.completeExceptionally(Losses.of(name, getSession()));
            }
          });
    } catch (IOException | RuntimeException | Error e) {
      // The connection closes at this moment, or has gone.
      result.completeExceptionally(lost(e));
    }
    return result;
  }

  /** As the library would, with what belongs to the type. */
  private OpenFuture askToOpen() throws IOException {
    OpenFuture future = new DefaultOpenFuture(this, futureLock);
    openFuture = future;
    Session session = getSession();
    Buffer buffer = session.createBuffer(SshConstants.SSH_MSG_CHANNEL_OPEN, 256);
    buffer.putString(getChannelType());
    buffer.putUInt(getChannelId());
    buffer.putUInt(getLocalWindow().getSize());
    buffer.putUInt(getLocalWindow().getPacketSize());
    opening.accept(buffer);
    IoWriteFuture unused = writePacket(buffer);
    return future;
  }

  /** The peer opens it. */
  @Override
  public OpenFuture open(long recipient, long window, long packet, Buffer buffer) {
    setRecipient(recipient);
    getRemoteWindow().init(window, packet, this);
    OpenFuture future = new DefaultOpenFuture(this, futureLock);
    // Closing waits for it.
    openFuture = future;
    CompletionStage<?> unused =
        owner
            .opens(buffer)
            .whenComplete(
                (permitted, failure) -> {
                  if (failure == null) {
                    confirm(future);
                  } else {
                    refuse(future, failure);
                  }
                });
    // The library would tell the peer of a refusal without its reason, so it hears of none.
    return new DefaultOpenFuture(this, futureLock);
  }

  private void confirm(OpenFuture future) {
    if (isClosing()) {
      future.setException(new IOException("the connection is closing"));
      return;
    }
    try {
      // Never waits, as below.
      boolean unused =
          ThreadUtils.runAsInternal(
              this,
              link -> {
                link.signalChannelOpenSuccess();
                return true;
              });
    } catch (IOException e) {
      writeFailed(e);
    }
    opened.set(true);
    future.setOpened();
    owner.opened();
  }

  private void refuse(OpenFuture future, Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    int code =
        cause instanceof Refusal refusal ? refusal.code() : SshConstants.SSH_OPEN_CONNECT_FAILED;
    String text = cause == null ? "refused" : String.valueOf(cause.getMessage());
    try {
      Buffer buffer = getSession().createBuffer(SshConstants.SSH_MSG_CHANNEL_OPEN_FAILURE, 256);
      buffer.putUInt(getRecipient());
      buffer.putUInt(code);
      buffer.putString(text);
      // The language.
      buffer.putString("");
      IoWriteFuture unused = write(buffer);
    } catch (IOException e) {
      writeFailed(e);
    }
    closedByUs = true;
    future.setException(new SshChannelOpenException(getChannelId(), code, text));
    Object unused = close(true);
  }

  @Override
  protected void doOpen() {
    // The two ends are there already.
  }

  // ---- what comes

  @Override
  public void handleData(Buffer buffer) throws IOException {
    int length = incoming(buffer);
    doWriteData(buffer.array(), buffer.rpos(), length);
    pauseIfSpent();
  }

  @Override
  protected void doWriteData(byte[] data, int off, long len) {
    input.put(data, off, (int) len);
  }

  @Override
  protected void doWriteExtendedData(byte[] data, int off, long len) {
    if (!errorsExpected) {
      refuseErrors(len);
      return;
    }
    int length = (int) len;
    Inbox to;
    boolean kept;
    joining.lock();
    try {
      to = joined ? input : errors;
      kept = to.keep(data, off, length);
    } finally {
      joining.unlock();
    }
    to.came(length, kept);
  }

  /**
   * Closes a channel whose peer sends bytes that have no reader: dropping them would tell the peer
   * that they were read. Bytes that still come get no credit.
   */
  private void refuseErrors(long len) {
    if (refused != null || isClosing()) {
      return;
    }
    ConnectionResetException why =
        new ConnectionResetException(
            name, "closed, because the peer has sent standard error, which is not read here", len);
    refused = why;
    LOG.log(Level.INFO, why.getMessage());
    Object unused = close(false);
  }

  /**
   * Takes bytes off the window. A peer that breaks the agreement loses the connection, because
   * nothing that follows can be relied upon.
   */
  private int incoming(Buffer buffer) throws IOException {
    long length = buffer.getUInt();
    if (length > buffer.available()) {
      throw broken("a packet that claims " + length + " bytes and has " + buffer.available());
    }
    if (length > PACKET + LENGTH_FIELD) {
      throw broken("a packet of " + length + " bytes where at most " + PACKET + " are allowed");
    }
    if (isEofSignalled()) {
      throw broken(length + " bytes after the end of its output");
    }
    long window = getLocalWindow().getSize();
    if (length > window) {
      throw broken(length + " bytes into a window of " + window);
    }
    getLocalWindow().consume(length);
    return (int) length;
  }

  private static SshException broken(String what) {
    return new SshException(
        SshConstants.SSH2_DISCONNECT_PROTOCOL_ERROR, "the peer has sent " + what);
  }

  @Override
  public void handleExtendedData(Buffer buffer) throws IOException {
    int type = buffer.getInt();
    int length = incoming(buffer);
    if (type == SshConstants.SSH_EXTENDED_DATA_STDERR) {
      doWriteExtendedData(buffer.array(), buffer.rpos(), length);
      pauseIfSpent();
    } else {
      LOG.log(
          Level.DEBUG, "{0}: {1} bytes of the unknown type {2} were dropped", name, length, type);
      credit(length);
    }
  }

  /** Says that standard error may come, and where it goes. */
  public void expectErrors(boolean join) {
    errorsExpected = true;
    joining.lock();
    try {
      joined = join;
    } finally {
      joining.unlock();
    }
  }

  /**
   * Whether standard error goes to the input.
   *
   * @param on true to send what waits, and what comes, there
   * @return what was set before
   */
  public boolean join(boolean on) {
    boolean before;
    long unwanted = 0;
    joining.lock();
    try {
      before = joined;
      joined = on;
      if (on && !before) {
        unwanted = errors.moveTo(input);
      }
    } finally {
      joining.unlock();
    }
    if (on && !before) {
      credit(unwanted);
      input.wake();
    }
    return before;
  }

  private void credit(long bytes) {
    // After the end there is no use in credit.
    if (bytes > 0 && !isEofSignalled() && !isClosing()) {
      try {
        getLocalWindow().release(bytes);
      } catch (IOException e) {
        writeFailed(e);
      }
    }
  }

  @Override
  public void handleEof() throws IOException {
    if (isEofSignalled()) {
      // Nothing new; the library would log each.
      return;
    }
    super.handleEof();
    input.end();
    errors.end();
  }

  @Override
  public void handleWindowAdjust(Buffer buffer) throws IOException {
    long more = buffer.getUInt();
    long present = getRemoteWindow().getSize();
    if (more > BufferUtils.MAX_UINT32_VALUE - present) {
      throw broken(
          "credit for " + more + " bytes more than " + present + ", which no window holds");
    }
    getRemoteWindow().expand(more);
    wakeWriters();
  }

  private void wakeWriters() {
    output.wake();
    Outbox further = errorOutput;
    if (further != null) {
      further.wake();
    }
  }

  /** The peer has said how its program ended: a close without an end of the output is no cut. */
  public void verdictCame() {
    verdict = true;
  }

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

  // ---- what goes

  boolean isWritable() {
    return !unwritable;
  }

  /** Whether the peer was told that nothing more comes, as standard error neither. */
  boolean hasSentEnd() {
    return endSent;
  }

  boolean hasWindow() {
    return getRemoteWindow().getSize() > 0;
  }

  void checkWritable() throws IOException {
    if (unwritable) {
      IOException why = cause;
      if (why instanceof MemoryLimitException) {
        throw why;
      }
      throw new BrokenPipeException(
          name,
          why == null
              ? closedByUs ? "the channel is closed" : "the peer has closed the channel"
              : nobodyReads(why),
          0);
    }
  }

  void writeFailed(Throwable failure) {
    LOG.log(Level.DEBUG, name + ": what was written could not be sent", failure);
  }

  /** Sends what the peer has room for; returns how much, 0 for no room. */
  int send(boolean asErrors, ByteBuffer src, Outbox from) throws IOException {
    int n;
    IoWriteFuture written = null;
    IOException lost = null;
    sending.lock();
    try {
      checkWritable();
      if (endSent) {
        // A peer that sends more loses the connection with all its channels.
        throw new BrokenPipeException(name, "the end of the output was sent already", 0);
      }
      long window = Math.min(getRemoteWindow().getSize(), getRemoteWindow().getPacketSize());
      n = (int) Math.min(Math.min(window, PACKET), src.remaining());
      if (n <= 0) {
        return 0;
      }
      Buffer buffer =
          getSession()
              .createBuffer(
                  asErrors
                      ? SshConstants.SSH_MSG_CHANNEL_EXTENDED_DATA
                      : SshConstants.SSH_MSG_CHANNEL_DATA,
                  n + HEADER);
      buffer.putUInt(getRecipient());
      if (asErrors) {
        buffer.putUInt(SshConstants.SSH_EXTENDED_DATA_STDERR);
      }
      buffer.putUInt(n);
      put(src, n, buffer);
      getRemoteWindow().consume(n);
      from.leaving(n);
      try {
        written = write(buffer);
      } catch (IOException e) {
        lost = e;
      }
    } finally {
      sending.unlock();
    }
    if (written == null) {
      from.left(n, lost);
      // The connection closes at this moment: as if it had before.
      BrokenPipeException broken = new BrokenPipeException(name, nobodyReads(lost), 0);
      broken.initCause(lost);
      throw broken;
    }
    IoWriteFuture unused = written.addListener(done -> from.left(n, done.getException()));
    return n;
  }

  private static String nobodyReads(@Nullable IOException why) {
    return "nobody reads any more" + (why == null ? "" : ": " + why.getMessage());
  }

  private static void put(ByteBuffer src, int n, Buffer buffer) {
    if (src.hasArray()) {
      buffer.putRawBytes(src.array(), src.arrayOffset() + src.position(), n);
      src.position(src.position() + n);
    } else {
      byte[] copy = new byte[n];
      src.get(copy);
      buffer.putRawBytes(copy);
    }
  }

  /** Never waits: while keys are exchanged the library would, for any thread but its own. */
  private IoWriteFuture write(Buffer buffer) throws IOException {
    try {
      return ThreadUtils.runAsInternal(buffer, getSession()::writePacket);
    } catch (IOException | RuntimeException e) {
      throw lost(e);
    }
  }

  /** In our own type: the library's type says nothing to a user. */
  private IOException lost(Throwable cause) {
    return Losses.of(name, getSession(), cause);
  }

  void endIfAllHave() throws IOException {
    sending.lock();
    try {
      Outbox further = errorOutput;
      if (endSent || unwritable || !output.hasEnded() || (further != null && !further.hasEnded())) {
        return;
      }
      endSent = true;
      IoWriteFuture unused = sendEof();
    } finally {
      sending.unlock();
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
    CompletableFuture<Void> answer = new CompletableFuture<>();
    Unanswered mine = new Unanswered(type, answer);
    sending.lock();
    try {
      checkWritable();
      Buffer buffer = requesting(type, wantReply, body);
      if (wantReply) {
        unanswered.add(mine);
      }
      IoWriteFuture unused = write(buffer);
    } catch (IOException e) {
      unanswered.remove(mine);
      answer.completeExceptionally(e);
    } finally {
      sending.unlock();
    }
    if (!wantReply) {
      answer.complete(null);
    }
    return answer;
  }

  private Buffer requesting(String type, boolean wantReply, Consumer<Buffer> body) {
    Buffer buffer = getSession().createBuffer(SshConstants.SSH_MSG_CHANNEL_REQUEST, 256);
    buffer.putUInt(getRecipient());
    buffer.putString(type);
    buffer.putBoolean(wantReply);
    body.accept(buffer);
    return buffer;
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
    CompletableFuture<Void> taken = new CompletableFuture<>();
    IoWriteFuture written;
    sending.lock();
    try {
      checkWritable();
      written = write(requesting(type, false, body));
    } catch (IOException e) {
      taken.completeExceptionally(e);
      return taken;
    } finally {
      sending.unlock();
    }
    IoWriteFuture unused =
        written.addListener(
            done -> {
              Throwable failure = done.getException();
              if (failure != null) {
                writeFailed(failure);
              }
              taken.complete(null);
            });
    return taken;
  }

  private @Nullable Unanswered nextAnswered() {
    sending.lock();
    try {
      return unanswered.poll();
    } finally {
      sending.unlock();
    }
  }

  @Override
  public void handleSuccess() {
    Unanswered answered = nextAnswered();
    if (answered != null) {
      answered.answer().complete(null);
    }
  }

  @Override
  public void handleFailure() {
    Unanswered answered = nextAnswered();
    if (answered != null) {
      answered
          .answer()
          .completeExceptionally(
              new RequestRejectedException(
                  name, "the peer refuses the request " + answered.type(), 0));
    }
  }

  // ---- the end of it

  /** Closes it after what was sent. */
  public void closeByUs() {
    closedByUs = true;
    Object unused = close(false);
  }

  @Override
  public void handleClose() throws IOException {
    closedByPeer = true;
    super.handleClose();
  }

  /** The library calls this first, whichever side closes the channel and however. */
  @Override
  protected void preClose() {
    IOException why = null;
    if (closedByPeer) {
      if (!isEofSignalled() && !verdict) {
        why =
            new StreamTruncatedException(
                name, "the peer has closed the channel without the end of its output", 0);
      }
    } else if (closedByUs) {
      why = new StreamClosedException(name);
    } else if (refused != null) {
      why = refused;
    } else {
      why = Losses.of(name, getSession());
    }
    sending.lock();
    try {
      if (!closedByPeer && !closedByUs) {
        cause = why;
      }
      unwritable = true;
    } finally {
      sending.unlock();
    }
    super.preClose();
    if (why == null) {
      input.end();
      errors.end();
    } else {
      input.fail(why);
      errors.fail(why);
    }
    refuseUnanswered();
    wakeWriters();
    OpenFuture asked = openFuture;
    if (cause != null && asked != null && !asked.isDone()) {
      // No answer will come any more.
      asked.setException(cause);
    }
    if (!closedByUs || closedByPeer) {
      tellOver();
    }
  }

  private void refuseUnanswered() {
    List<Unanswered> left;
    sending.lock();
    try {
      left = new ArrayList<>(unanswered);
      unanswered.clear();
    } finally {
      sending.unlock();
    }
    IOException lost = cause;
    for (Unanswered each : left) {
      each.answer()
          .completeExceptionally(
              lost == null
                  ? new RequestRejectedException(
                      name,
                      "the channel was closed before the request " + each.type() + " was answered",
                      0)
                  : lost);
    }
  }

  private void tellOver() {
    if (told.compareAndSet(false, true)) {
      owner.over(cause);
    }
  }

  /** The last: each side has the other's close, or the connection has gone. */
  @Override
  public void handleChannelUnregistration(ConnectionService service) {
    super.handleChannelUnregistration(service);
    tellOver();
    owner.released();
  }

  @Override
  public String toString() {
    return name;
  }
}
