// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.serve;

import io.penstock.channel.Channel;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.poller.Wrapping;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.spi.Messages;
import io.penstock.spi.QuietLog;
import io.penstock.stream.Framing;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Between the poller and a handler: knows the clients, calls the handler for one client at a time,
 * on the thread that the client's lane has, and counts what is under way.
 */
final class Calls implements ChannelHandler, Wrapping {
  private static final System.Logger LOG = Messages.log("serve");

  /** Between two lines about faults of the same kind. */
  private static final Duration QUIET = Duration.ofMinutes(1);

  /** What calls of the handler threw. */
  record Faults(long count, @Nullable String last, long at) {}

  private final RunningServer server;
  private final Engine engine;
  private final HandlerKind target;
  private final String name;
  private final QuietLog log;
  private final Spare spare = new Spare();
  private final Map<Registration, Client> clients = new ConcurrentHashMap<>();
  private final AtomicLong opened = new AtomicLong();
  private final AtomicLong frames = new AtomicLong();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private volatile Faults faults = new Faults(0, null, 0);
  private volatile boolean refusing;
  private volatile boolean over;

  Calls(RunningServer server, Engine engine, HandlerKind target, String name) {
    this.server = server;
    this.engine = engine;
    this.target = target;
    this.name = name;
    this.log = new QuietLog(LOG, name + ": ", QUIET, engine::schedule);
  }

  @Override
  public Object wrapped() {
    return target.handler();
  }

  // ---- for the server

  List<Client> clients() {
    return List.copyOf(clients.values());
  }

  int size() {
    return clients.size();
  }

  long opened() {
    return opened.get();
  }

  long frames() {
    return frames.get();
  }

  Faults faults() {
    return faults;
  }

  /** Whether this thread is in a call of the handler, or in what a reply or a close completes. */
  boolean isCalledBy(Thread thread) {
    return clients.values().stream()
        .anyMatch(client -> client.isCalledBy(thread) || client.tells());
  }

  /** From now on no frame is delivered and no client comes. */
  void refuse() {
    refusing = true;
  }

  /** Closes each client as soon as its call has returned; returns when all are gone, or in time. */
  void drain(long deadline) {
    clients.values().forEach(Client::drain);
    lock.lock();
    try {
      while (!clients.isEmpty()) {
        long left = deadline - System.nanoTime();
        if (left <= 0 || !changed.await(left, TimeUnit.NANOSECONDS)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  /**
   * After the poller: the last call for the clients that were cut, unless one of theirs is stuck.
   */
  void close(List<Client> cut, Throwable cause) {
    over = true;
    for (Client client : cut) {
      if (!client.isCalled()) {
        boolean unused = client.ends();
        client.calling();
        end(client, cause);
        client.called();
      }
    }
    log.close();
  }

  // ---- from the poller

  @Override
  public void opened(Registration listener, Channel channel, Registration registration) {
    Framing framing = server.framing(listener);
    Client client =
        new Client(
            engine,
            channel,
            server.accepting(listener == registration),
            registration,
            framing,
            target.replies(framing),
            spare,
            server.lane(),
            () -> gone(registration));
    clients.put(registration, client);
    CompletionStage<Void> unused = channel.closed().whenComplete((done, failure) -> client.parts());
    opened.incrementAndGet();
    server.limitAccepting();
    if (refusing) {
      client.abort(new StreamClosedException(name));
      if (client.ends()) {
        client.parts();
      }
      return;
    }
    client.begins();
    Executor lane = client.lane();
    if (lane == null) {
      open(client);
    } else {
      client.hold(Client.Hold.CALL);
      lane.execute(() -> open(client));
    }
  }

  private void gone(Registration registration) {
    clients.remove(registration);
    server.clientGone();
    signal();
  }

  @Override
  public void data(Registration registration, ByteBuffer frame) {
    Client client = clients.get(registration);
    if (client == null) {
      return;
    }
    client.begins();
    Executor lane = client.lane();
    if (lane == null) {
      frame(client, frame);
    } else {
      ByteBuffer copy = ByteBuffer.allocate(frame.remaining()).put(frame).flip().asReadOnlyBuffer();
      client.hold(Client.Hold.CALL);
      lane.execute(() -> frame(client, copy));
    }
  }

  @Override
  public void ended(Registration registration) {
    ending(registration, null);
  }

  @Override
  public void listenerEnded(Registration listener) {
    server.listenerLost();
  }

  @Override
  public void failed(Registration registration, Throwable cause) {
    Client client = clients.get(registration);
    if (client == null) {
      log.warn("a connection was not accepted: " + cause.getMessage(), "not accepted", cause);
    } else {
      ending(registration, cause);
    }
  }

  private void ending(Registration registration, @Nullable Throwable cause) {
    Client client = clients.get(registration);
    if (client == null || !client.ends()) {
      return;
    }
    client.begins();
    Executor lane = client.lane();
    if (lane == null) {
      endAndCount(client, cause);
    } else {
      lane.execute(() -> endAndCount(client, cause));
    }
  }

  // ---- the handler's calls, one at a time for a client

  private void open(Client client) {
    client.calling();
    try {
      if (!over) {
        client.opened();
        target.opened(client);
      }
    } catch (Throwable e) { // whatever it is, other connections go on
      fault(client, e);
    } finally {
      returned(client);
    }
  }

  private void frame(Client client, ByteBuffer frame) {
    client.calling();
    try {
      // A frame that was not begun is not delivered.
      if (!refusing) {
        client.count();
        frames.incrementAndGet();
        target.frame(client, frame);
      }
    } catch (Throwable e) { // whatever it is, other connections go on
      fault(client, e);
    } finally {
      returned(client);
    }
  }

  private static void returned(Client client) {
    client.called();
    if (client.lane() != null) {
      // The next call on this thread is another connection's.
      boolean unused = Thread.interrupted();
      client.release(Client.Hold.CALL);
    }
    client.over();
  }

  private void endAndCount(Client client, @Nullable Throwable cause) {
    client.calling();
    try {
      if (!over) {
        end(client, cause);
      }
    } finally {
      client.called();
      client.over();
    }
  }

  /** The last call; then the connection goes, behind its replies. */
  private void end(Client client, @Nullable Throwable cause) {
    if (cause != null) {
      LOG.log(Level.DEBUG, "{0}: the connection has failed", client.channel().name(), cause);
    }
    try {
      if (client.isOpened() && client.isLast()) {
        target.closed(client, cause);
      }
    } catch (Throwable e) { // the connection goes all the same
      note(e);
    }
    if (cause != null) {
      client.abort(cause);
    } else if (target.closes()) {
      client.close();
    }
    client.parts();
  }

  private void fault(Client client, Throwable fault) {
    note(fault);
    client.abort(fault);
    if (client.ends() && !over) {
      end(client, fault);
    }
  }

  private void note(Throwable fault) {
    String what =
        "the handler "
            + target.handler().getClass().getName()
            + " threw "
            + fault
            + (fault.getStackTrace().length > 0 ? " at " + fault.getStackTrace()[0] : "");
    lock.lock();
    try {
      faults = new Faults(faults.count() + 1, fault.toString(), System.currentTimeMillis());
    } finally {
      lock.unlock();
    }
    log.warn(
        what + "; its connection is cut", "the handler threw " + fault.getClass().getName(), fault);
  }

  private void signal() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
