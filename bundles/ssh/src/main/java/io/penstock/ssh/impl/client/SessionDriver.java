// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.facet.ProgramFacet;
import io.penstock.channel.facet.TerminalFacet;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.ExitException;
import io.penstock.error.RequestRejectedException;
import io.penstock.error.StreamClosedException;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.Pty;
import io.penstock.ssh.SshClientFacet;
import io.penstock.ssh.SshExit;
import io.penstock.ssh.SshX11;
import io.penstock.ssh.impl.Answers;
import io.penstock.ssh.impl.Awaiting;
import io.penstock.ssh.impl.Untrusted;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.ssh.impl.client.ClientOptions.Stderr;
import io.penstock.ssh.impl.x11.Cookie;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** A session of ours, with a program in it or none yet. */
final class SessionDriver extends StreamDriver implements SshClientFacet {
  /** As shells count them, and so {@code ssh} and child processes here, too. */
  private static final Map<String, Integer> SIGNALS =
      Map.ofEntries(
          Map.entry("HUP", 1),
          Map.entry("INT", 2),
          Map.entry("QUIT", 3),
          Map.entry("ILL", 4),
          Map.entry("TRAP", 5),
          Map.entry("ABRT", 6),
          Map.entry("FPE", 8),
          Map.entry("KILL", 9),
          Map.entry("USR1", 10),
          Map.entry("SEGV", 11),
          Map.entry("USR2", 12),
          Map.entry("PIPE", 13),
          Map.entry("ALRM", 14),
          Map.entry("TERM", 15));

  /** What {@code ssh} says when it does not know. */
  private static final int UNKNOWN = 255;

  private final String name;
  private final Optional<ByteSource> errorSource;
  private final CompletableFuture<SshExit> exit = new CompletableFuture<>();
  // What a waiting caller is told: a close of ours takes precedence.
  private final CompletableFuture<SshExit> heard = new CompletableFuture<>();
  private final Answers answers = new Answers();
  private final CompletableFuture<Void> gone = new CompletableFuture<>();
  private final AtomicBoolean started = new AtomicBoolean();
  private final RemoteProgram program = new RemoteProgram(this);
  private final ToProgram toProgram;
  private final AtomicReference<@Nullable ToDisplay> display = new AtomicReference<>();

  SessionDriver(
      Link link,
      ClientConnection connection,
      ProviderContext context,
      ChannelOptions options,
      Stderr stderr) {
    super(link, connection, context, options);
    this.name = context.name();
    this.toProgram = new ToProgram(name, link::tell);
    link.expectErrors(stderr == Stderr.MERGE);
    this.errorSource =
        stderr == Stderr.INHERIT
            ? Optional.empty()
            : Optional.of(context.source(name + " (standard error)", link.errors()));
    if (stderr == Stderr.INHERIT) {
      new Inherited(name, link.errors(), context).begin();
    }
    CompletableFuture<SshExit> unused = exit.whenComplete(this::verdict);
  }

  private void verdict(@Nullable SshExit end, @Nullable Throwable failure) {
    if (end == null) {
      heard.completeExceptionally(Objects.requireNonNull(failure, "failure"));
    } else {
      heard.complete(end);
    }
    if (end == null) {
      gone.completeExceptionally(Objects.requireNonNull(failure, "failure"));
    } else if (end.status().isPresent()) {
      int status = end.status().getAsInt();
      if (status == 0) {
        gone.complete(null);
      } else {
        gone.completeExceptionally(
            new ExitException(
                name, status, "exited with status " + Integer.toUnsignedString(status)));
      }
    } else if (end.signal().isPresent()) {
      String signal = end.signal().get();
      Integer number = SIGNALS.get(signal);
      gone.completeExceptionally(
          ExitException.bySignal(
              name,
              number == null ? UNKNOWN : 128 + number,
              signal,
              end.coreDumped(),
              "was ended by signal "
                  + Untrusted.shown(signal)
                  + (end.message().isEmpty() ? "" : ": " + Untrusted.shown(end.message()))));
    } else {
      gone.completeExceptionally(
          ExitException.unstated(name, "the server closed it without an exit status"));
    }
  }

  @Override
  public boolean request(String type, Buffer body) {
    switch (type) {
      case "exit-status" -> {
        int status = body.getInt();
        link.verdictCame();
        exit.complete(SshExit.of(status));
        return true;
      }
      case "exit-signal" -> {
        String signal = body.getString();
        boolean dumped = body.getBoolean();
        String message = body.getString();
        link.verdictCame();
        exit.complete(SshExit.of(signal, dumped, message));
        return true;
      }
      default -> {
        return false;
      }
    }
  }

  @Override
  public void over(@Nullable IOException cause) {
    if (cause == null) {
      exit.complete(SshExit.none());
    } else {
      exit.completeExceptionally(cause);
    }
    connection.forwards().remove(this);
    super.over(cause);
  }

  @Override
  public void closing() {
    heard.completeExceptionally(new StreamClosedException(name));
    answers.close(name);
    ToDisplay taker = display.get();
    if (taker != null) {
      taker.close();
    }
  }

  /** Once the server hears of it, it can reach nothing through this session any more. */
  @Override
  protected void cut() {
    closing();
    connection.forwards().remove(this);
    super.cut();
  }

  @Override
  void giveUp() {
    exit.completeExceptionally(
        new ConnectionResetException(name, "nobody waits for the program any more", 0));
    super.giveUp();
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(Capability.HALF_CLOSE, Capability.ABORT, Capability.VERDICT);
  }

  @Override
  public CompletionStage<Void> gone() {
    return gone;
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    if (type == ProgramFacet.class) {
      return Optional.of(type.cast(program));
    }
    if (type == TerminalFacet.class) {
      return program.terminal().map(type::cast);
    }
    return type == SshClientFacet.class ? Optional.of(type.cast(this)) : super.facet(type);
  }

  // ---- requests

  private @Nullable String unfit() {
    if (answers.isClosed() || link.isClosing()) {
      return "the channel is closed";
    }
    return link.isEofSignalled() ? "the server has ended its output" : null;
  }

  private RequestRejectedException refused(String type, String why) {
    return new RequestRejectedException(name, type + " is refused here: " + why, 0);
  }

  private @Nullable String unfitToStart() {
    String why = unfit();
    if (why == null && link.hasSentEnd()) {
      why = "our output is ended";
    }
    if (why == null && started.get()) {
      why = "a program was started already";
    }
    return why;
  }

  /** Sends a request that has to come before the start of the program. */
  private CompletableFuture<Void> before(String type, boolean wantReply, Consumer<Buffer> body) {
    String why = unfitToStart();
    return why == null
        ? link.request(type, wantReply, body)
        : CompletableFuture.failedFuture(refused(type, why));
  }

  /** Whether there is a program to be told something. */
  private void mayTell(String type) throws IOException {
    String why = unfit();
    if (why == null && !started.get()) {
      why = "no program was started";
    }
    if (why != null) {
      throw refused(type, why);
    }
  }

  /** Throws if the message cannot leave; does not wait until it has left. */
  private void told(CompletableFuture<Void> leaves, String type) throws IOException {
    if (leaves.isCompletedExceptionally()) {
      await(leaves, Wait.forever(), type);
    }
  }

  CompletableFuture<Void> start(String type, byte @Nullable [] text) {
    String why = unfit();
    if (why == null && link.hasSentEnd()) {
      why = "our output is ended";
    }
    // Of two callers at a time only one starts a program; after a refusal another may.
    if (why == null && !started.compareAndSet(false, true)) {
      why = "a program was started already";
    }
    if (why != null) {
      return CompletableFuture.failedFuture(refused(type, why));
    }
    return link.request(
            type,
            true,
            body -> {
              if (text != null) {
                body.putBytes(text);
              }
            })
        .whenComplete(
            (done, failure) -> {
              if (failure != null) {
                started.set(false);
              }
            });
  }

  CompletableFuture<Void> askForPty(Pty pty) {
    return before(
            "pty-req",
            true,
            body -> {
              body.putString(pty.term());
              ToProgram.putSize(body, pty);
              // No modes.
              body.putString("");
            })
        .thenRun(
            () -> {
              toProgram.granted(pty);
              program.onTerminal();
            });
  }

  private void await(CompletableFuture<Void> answer, Wait wait, String what) throws IOException {
    try {
      Object unused = answers.await(answer, wait, name, "the server's answer to " + what);
    } catch (IOException e) {
      Throwable cause = e.getCause();
      if (cause instanceof CompletionException) {
        cause = cause.getCause();
      }
      if (cause instanceof RequestRejectedException) {
        RequestRejectedException again =
            new RequestRejectedException(
                name, String.valueOf(cause.getMessage()).substring(name.length() + 2), 0);
        again.initCause(cause.getCause());
        throw again;
      }
      throw e;
    }
  }

  private static void mayWait(Wait wait) {
    if (wait.kind() == Wait.Kind.NONE) {
      throw new IllegalArgumentException(
          "wait is " + wait + ", expected a limit: the server's answer has to be waited for");
    }
  }

  @Override
  public void exec(ByteBuffer command, Wait wait) throws IOException {
    mayWait(wait);
    byte[] bytes = new byte[command.remaining()];
    command.duplicate().get(bytes);
    await(start("exec", bytes), wait, "exec");
  }

  @Override
  public void shell(Wait wait) throws IOException {
    mayWait(wait);
    await(start("shell", null), wait, "shell");
  }

  @Override
  public void subsystem(String subsystem, Wait wait) throws IOException {
    mayWait(wait);
    await(
        start("subsystem", subsystem.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
        wait,
        "the subsystem " + subsystem);
  }

  @Override
  public void pty(Pty pty, Wait wait) throws IOException {
    mayWait(wait);
    await(askForPty(pty), wait, "a terminal");
  }

  @Override
  public void environment(String variable, String value) throws IOException {
    await(
        before(
            "env",
            false,
            body -> {
              body.putString(variable);
              body.putString(value);
            }),
        Wait.forever(),
        "env");
  }

  @Override
  public void resize(Pty pty) throws IOException {
    resize(present -> pty);
  }

  void resize(UnaryOperator<Pty> change) throws IOException {
    mayTell("window-change");
    told(toProgram.resize(change), "window-change");
  }

  ToProgram toProgram() {
    return toProgram;
  }

  void checkOpen() throws StreamClosedException {
    if (answers.isClosed() || link.isClosing()) {
      throw new StreamClosedException(name);
    }
  }

  @Override
  public void signal(String signal) throws IOException {
    mayTell("signal");
    told(toProgram.signal(signal), "signal");
  }

  // ---- what comes back

  CompletableFuture<Void> askForAgent(Consumer<Channel> handler) {
    String why = unfitToStart();
    if (why != null) {
      return CompletableFuture.failedFuture(refused("auth-agent-req", why));
    }
    connection.forwards().add(new Forwards.ToAgent(this, handler));
    return link.request("auth-agent-req@openssh.com", false, body -> {})
        .whenComplete(
            (done, failure) -> {
              if (failure != null || link.isClosing()) {
                connection.forwards().remove(this);
              }
            });
  }

  @Override
  public void forwardAgent(Consumer<Channel> handler) throws IOException {
    await(askForAgent(Objects.requireNonNull(handler, "handler")), Wait.forever(), "an agent");
  }

  @Override
  public String forwardX11(SshX11 wanted, Consumer<Channel> handler, Wait wait) throws IOException {
    return display(wanted, Objects.requireNonNull(handler, "handler"), wait);
  }

  @Override
  public String forwardX11(SshX11 wanted, Wait wait) throws IOException {
    return display(wanted, null, wait);
  }

  private String display(SshX11 wanted, @Nullable Consumer<Channel> handler, Wait wait)
      throws IOException {
    mayWait(wait);
    String cookie = wanted.cookie().orElseGet(Cookie::fresh);
    ToDisplay taker =
        new ToDisplay(
            this,
            new Cookie(wanted.protocol(), cookie, wanted.realCookie().orElse(cookie)),
            wanted.singleConnection(),
            handler);
    String why = unfitToStart();
    if (why == null && !display.compareAndSet(null, taker)) {
      why = "it was asked for already";
    }
    if (why != null) {
      throw refused("x11-req", why);
    }
    // Added before the answer, because X clients may come right after it.
    connection.forwards().add(taker);
    boolean granted = false;
    try {
      await(
          link.request(
              "x11-req",
              true,
              body -> {
                body.putBoolean(wanted.singleConnection());
                body.putString(wanted.protocol());
                body.putString(cookie);
                body.putUInt(wanted.screen());
              }),
          wait,
          "X11");
      granted = true;
    } finally {
      if (!granted) {
        connection.forwards().remove(taker);
        display.set(null);
      }
    }
    if (link.isClosing()) {
      connection.forwards().remove(this);
    }
    return cookie;
  }

  @Override
  public Channel acceptX11(Wait wait) throws IOException {
    ToDisplay taker = display.get();
    if (taker == null || !taker.queues()) {
      throw new IllegalStateException("no X11 was asked for without a handler");
    }
    return taker.accept(wait);
  }

  // ---- standard error and the end

  @Override
  public Optional<ByteSource> errorSource() {
    return errorSource;
  }

  @Override
  public boolean combineErrors(boolean on) {
    return link.join(on);
  }

  @Override
  public SshExit exit(Wait wait) throws IOException {
    return Awaiting.await(heard, wait, name, "how the program ended");
  }

  @Override
  public String toString() {
    return name;
  }
}
