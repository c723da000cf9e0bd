// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.channel.Channel;
import io.penstock.channel.facet.CallerFacet;
import io.penstock.error.RequestRejectedException;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.Pty;
import io.penstock.ssh.SshRequest;
import io.penstock.ssh.SshServerFacet;
import io.penstock.ssh.SshX11;
import io.penstock.ssh.impl.channel.Acceptable;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.stream.ByteSink;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** A session of a client's, from its opening on; accepted once a program was asked for. */
final class AcceptedDriver extends Acceptable implements SshServerFacet {
  private static final Logger LOG = Messages.log("ssh.server");

  private static final int MAX_VARIABLES = 64;

  private final SshListener listener;
  private final AtomicBoolean exitSent = new AtomicBoolean();
  private final Notices notices;
  private final Calling calling = new Calling(this);
  private final Beside beside;

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private final Map<String, String> environment = new LinkedHashMap<>();
  private final Queue<String> earlySignals = new ArrayDeque<>();
  private @Nullable Pty pty;
  private @Nullable SshRequest request;
  private Optional<SshRequest> original = Optional.empty();
  private @Nullable ByteSink errorSink;
  private @Nullable Consumer<Pty> onResize;
  private @Nullable Consumer<String> onSignal;

  AcceptedDriver(Link link, SshListener listener, Duration closeLimit, ProviderContext listening) {
    super(link, listening, closeLimit);
    this.listener = listener;
    this.beside = new Beside(closeLimit);
    this.notices = new Notices(link, task -> context().executor().execute(task));
  }

  // ---- the library's threads

  @Override
  public int refuses() {
    Session session = session();
    int refusal = listener.refuses(session, ChannelCount.enter(session));
    return refusal == 0 && !(listener.permissions().session(session) && listener.enter(this))
        ? SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED
        : refusal;
  }

  @Override
  protected void left() {
    ChannelCount.leave(session());
    listener.left(this);
  }

  @Override
  public boolean request(String type, Buffer body) {
    Session session = session();
    Permissions may = listener.permissions();
    return switch (type) {
      case "exec" -> {
        SshRequest wanted = SshRequest.of(SshRequest.Kind.EXEC, body.getBytes());
        yield may.exec(session, wanted.text()) && program(wanted);
      }
      case "shell" ->
          may.shell(session) && program(SshRequest.of(SshRequest.Kind.SHELL, new byte[0]));
      case "subsystem" -> {
        SshRequest wanted = SshRequest.of(SshRequest.Kind.SUBSYSTEM, body.getBytes());
        yield may.subsystem(session, wanted.text()) && program(wanted);
      }
      case "env" -> {
        String name = body.getString();
        yield may.env(session, name) && variable(name, body.getString());
      }
      case "pty-req" -> terminal(body);
      case "auth-agent-req@openssh.com" -> agent(may, session);
      case "x11-req" -> may.x11(session) && beside.offerX11(body);
      case "window-change" -> resized(body);
      case "signal" -> {
        String name = body.getString();
        yield may.signal(session, name) && signalled(name);
      }
      default -> false;
    };
  }

  private boolean agent(Permissions may, Session session) {
    boolean granted = may.agent(session);
    if (granted) {
      beside.offerAgent();
    }
    return granted;
  }

  /** What a key is held to takes the place of what was asked for. */
  private boolean program(SshRequest wanted) {
    KeyOptions key = Permissions.key(session());
    Optional<SshRequest> forced =
        key.command()
            .map(text -> text.getBytes(StandardCharsets.UTF_8))
            .map(text -> SshRequest.of(SshRequest.Kind.EXEC, text));
    lock.lock();
    try {
      if (request != null) {
        return false;
      }
      request = forced.orElse(wanted);
      original = forced.map(other -> wanted);
      environment.putAll(key.environment());
    } finally {
      lock.unlock();
    }
    if (listener.backlog().reserve()) {
      return true;
    }
    LOG.log(Level.WARNING, "{0}: a program was refused, because too many wait", link);
    lock.lock();
    try {
      request = null;
    } finally {
      lock.unlock();
    }
    return false;
  }

  @Override
  public void answered(String type, boolean granted) {
    // Only now, so that nothing overtakes the answer.
    if (granted && (type.equals("exec") || type.equals("shell") || type.equals("subsystem"))) {
      listener.offer(this);
    }
  }

  private boolean variable(String name, String value) {
    lock.lock();
    try {
      if (request != null
          || (environment.size() >= MAX_VARIABLES && !environment.containsKey(name))) {
        return false;
      }
      environment.put(name, value);
      return true;
    } finally {
      lock.unlock();
    }
  }

  private boolean terminal(Buffer body) {
    String term = body.getString();
    if (!listener.permissions().pty(session(), term)) {
      return false;
    }
    Pty wanted = sized(Pty.defaults().withTerm(term), body);
    lock.lock();
    try {
      if (request != null || pty != null) {
        return false;
      }
      pty = wanted;
      return true;
    } finally {
      lock.unlock();
    }
  }

  private static Pty sized(Pty pty, Buffer body) {
    return pty.withSize(number(body), number(body)).withPixels(number(body), number(body));
  }

  private static int number(Buffer body) {
    return (int) Math.min(body.getUInt(), Integer.MAX_VALUE);
  }

  private boolean resized(Buffer body) {
    boolean observed;
    lock.lock();
    try {
      Pty before = pty;
      if (before == null) {
        return false;
      }
      pty = sized(before, body);
      observed = onResize != null;
    } finally {
      lock.unlock();
    }
    if (observed) {
      notices.size(this::tellSize);
    }
    return true;
  }

  private void tellSize() {
    Pty now;
    Consumer<Pty> observer;
    lock.lock();
    try {
      now = pty;
      observer = onResize;
    } finally {
      lock.unlock();
    }
    if (now != null && observer != null) {
      observer.accept(now);
    }
  }

  private boolean signalled(String name) {
    Consumer<String> observer;
    lock.lock();
    try {
      if (request == null) {
        return false;
      }
      observer = onSignal;
      if (observer == null) {
        return earlySignals.size() < Notices.MAX_SIGNALS && earlySignals.add(name);
      }
    } finally {
      lock.unlock();
    }
    return notices.signal(() -> observer.accept(name));
  }

  // ---- the driver

  @Override
  public void closing() {
    beside.close(link.toString());
  }

  @Override
  protected void cut() {
    closing();
    super.cut();
  }

  /** The client waits for the program no more: it has closed the channel, or is lost. */
  @Override
  public CompletionStage<Void> gone() {
    return whenOver();
  }

  @Override
  public <T> Optional<T> facet(Class<T> type) {
    if (type == CallerFacet.class) {
      return Optional.of(type.cast(calling));
    }
    return type == SshServerFacet.class ? Optional.of(type.cast(this)) : super.facet(type);
  }

  // ---- the facet

  @Override
  public SshRequest request() {
    lock.lock();
    try {
      SshRequest known = request;
      if (known == null) {
        throw new IllegalStateException("not accepted yet");
      }
      return known;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<SshRequest> originalRequest() {
    lock.lock();
    try {
      return original;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Map<String, String> environment() {
    lock.lock();
    try {
      return Map.copyOf(environment);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<Pty> pty() {
    lock.lock();
    try {
      return Optional.ofNullable(pty);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean agent() {
    return beside.agent();
  }

  @Override
  public Channel openAgent(Wait wait) throws IOException {
    return beside.openAgent(session(), context(), wait);
  }

  @Override
  public Optional<SshX11> x11() {
    return beside.x11();
  }

  @Override
  public Channel openX11(InetSocketAddress originator, Wait wait) throws IOException {
    return beside.openX11(session(), context(), originator, wait);
  }

  @Override
  public ByteSink errorSink() {
    lock.lock();
    try {
      ByteSink present = errorSink;
      if (present == null) {
        ProviderContext own = context();
        present = own.sink(own.name() + " (standard error)", link.errorOutput());
        errorSink = present;
      }
      return present;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void sendExitStatus(int status) throws IOException {
    sendExit("exit-status", body -> body.putUInt(Integer.toUnsignedLong(status)));
  }

  @Override
  public void sendExitSignal(String name, boolean coreDumped, String message) throws IOException {
    sendExit(
        "exit-signal",
        body -> {
          body.putString(name);
          body.putBoolean(coreDumped);
          body.putString(message);
          body.putString("");
        });
  }

  private void sendExit(String type, Consumer<Buffer> body) throws IOException {
    if (link.isClosing()) {
      throw new RequestRejectedException(
          link.toString(), type + " cannot be sent: the channel is closed", 0);
    }
    if (exitSent.compareAndSet(false, true)) {
      Object unused = link.request(type, false, body);
    }
  }

  @Override
  public void onResize(Consumer<Pty> observer) {
    lock.lock();
    try {
      onResize = observer;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onSignal(Consumer<String> observer) {
    lock.lock();
    try {
      onSignal = observer;
      for (String early : earlySignals) {
        boolean unused = notices.signal(() -> observer.accept(early));
      }
      earlySignals.clear();
    } finally {
      lock.unlock();
    }
  }
}
