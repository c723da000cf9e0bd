// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.channel.Channel;
import io.penstock.error.OpenFailedException;
import io.penstock.error.RequestRejectedException;
import io.penstock.spi.ProviderContext;
import io.penstock.ssh.SshX11;
import io.penstock.ssh.impl.Answers;
import io.penstock.ssh.impl.channel.BesideDriver;
import io.penstock.ssh.impl.channel.Link;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * What a client lets the program of one session reach: its agent, and its X server. Safe for use by
 * any thread.
 */
final class Beside {
  private final Duration closeLimit;
  private final Answers answers = new Answers();

  private final ReentrantLock lock = new ReentrantLock();
  // All guarded by the lock.
  private boolean agent;
  private Optional<SshX11> x11 = Optional.empty();
  private boolean x11Used;

  /**
   * Nothing yet.
   *
   * @param closeLimit how long the client may take to close a channel
   */
  Beside(Duration closeLimit) {
    this.closeLimit = closeLimit;
  }

  // ---- what the client says

  /** It has an agent. */
  void offerAgent() {
    lock.lock();
    try {
      agent = true;
    } finally {
      lock.unlock();
    }
  }

  /** It has an X server; false if it has said so before. */
  boolean offerX11(Buffer body) {
    boolean single = body.getBoolean();
    SshX11 wanted =
        SshX11.defaults()
            .withSingleConnection(single)
            .withProtocol(body.getString())
            .withCookie(body.getString())
            .withScreen((int) Math.min(body.getUInt(), Integer.MAX_VALUE));
    lock.lock();
    try {
      if (x11.isPresent()) {
        return false;
      }
      x11 = Optional.of(wanted);
      return true;
    } finally {
      lock.unlock();
    }
  }

  // ---- for the program

  boolean agent() {
    lock.lock();
    try {
      return agent;
    } finally {
      lock.unlock();
    }
  }

  Optional<SshX11> x11() {
    lock.lock();
    try {
      return x11;
    } finally {
      lock.unlock();
    }
  }

  /** We closed the session: no caller goes on waiting for its client. */
  void close(String name) {
    answers.close(name);
  }

  /** Opens a channel to the agent. */
  Channel openAgent(Session session, ProviderContext context, Wait wait) throws IOException {
    if (!agent()) {
      throw new RequestRejectedException(
          context.name(), "the client has not offered its agent, or may not (allow=agent)", 0);
    }
    return open(session, context, "auth-agent@openssh.com", null, body -> {}, wait);
  }

  /** Opens a channel to the X server. */
  Channel openX11(Session session, ProviderContext context, InetSocketAddress originator, Wait wait)
      throws IOException {
    String why = null;
    lock.lock();
    try {
      if (x11.isEmpty()) {
        why = "the client has not offered its X server, or may not (allow=x11)";
      } else if (x11.get().singleConnection() && x11Used) {
        why = "the client has offered its X server for one channel only";
      } else {
        x11Used = true;
      }
    } finally {
      lock.unlock();
    }
    if (why != null) {
      throw new RequestRejectedException(context.name(), why, 0);
    }
    boolean opened = false;
    try {
      Channel made =
          open(
              session,
              context,
              "x11",
              originator,
              body -> {
                body.putString(originator.getHostString());
                body.putUInt(originator.getPort());
              },
              wait);
      opened = true;
      return made;
    } finally {
      if (!opened) {
        x11Free();
      }
    }
  }

  private void x11Free() {
    lock.lock();
    try {
      x11Used = false;
    } finally {
      lock.unlock();
    }
  }

  private Channel open(
      Session session,
      ProviderContext context,
      String type,
      @Nullable InetSocketAddress originator,
      Consumer<Buffer> body,
      Wait wait)
      throws IOException {
    if (wait.kind() == Wait.Kind.NONE) {
      throw new IllegalArgumentException(
          "wait is " + wait + ", expected a limit: the client's answer has to be waited for");
    }
    String name = context.name() + " (" + type + ")";
    Link link = Link.toOpen(name, type, BesideDriver.WINDOW, body);
    BesideDriver driver =
        new BesideDriver(link, link.input(), originator, context, closeLimit, () -> {});
    link.ownedBy(driver);
    CompletableFuture<Link> opening = link.open(session.getService(ConnectionService.class));
    try {
      Link unused = answers.await(opening, wait, name, "the client's answer");
    } catch (IOException e) {
      driver.abort(e);
      if (e.getCause() instanceof OpenFailedException refused) {
        String text = String.valueOf(refused.getMessage());
        OpenFailedException again =
            new OpenFailedException(
                name,
                refused.code(),
                text.startsWith(name + ": ") ? text.substring(name.length() + 2) : text);
        again.initCause(refused.getCause());
        throw again;
      }
      throw e;
    }
    return context.channel(
        name,
        own -> {
          link.rename(own.name());
          return driver;
        });
  }
}
