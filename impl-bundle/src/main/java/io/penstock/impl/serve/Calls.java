// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.serve;

import io.penstock.channel.Channel;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.engine.Engine;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.Registration;
import io.penstock.spi.Messages;
import io.penstock.spi.QuietLog;
import io.penstock.stream.Framing;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Between the poller and a handler: knows the clients, calls the handler for one client at a time,
 * on the thread that the client's lane has, and counts what is under way.
 */
final class Calls implements ChannelHandler {
  private static final System.Logger LOG = Messages.log("serve");

  /** Between two lines about faults of the same kind. */
  private static final Duration QUIET = Duration.ofMinutes(1);

  /** What calls of the handler threw. */
  record Faults(long count, @Nullable String last, long at) {}

  private final RunningServer server;
  private final Engine engine;
  private final Target target;
  private final String name;
  private final QuietLog log;
  private final Map<Registration, Client> clients = new ConcurrentHashMap<>();
  private final AtomicInteger underWay = new AtomicInteger();
  private final AtomicLong opened = new AtomicLong();
  private final AtomicLong frames = new AtomicLong();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private volatile Faults faults = new Faults(0, null, 0);
  private volatile boolean refusing;

  Calls(RunningServer server, Engine engine, Target target, String name) {
    this.server = server;
    this.engine = engine;
    this.target = target;
    this.name = name;
    this.log = new QuietLog(LOG, name + ": ", QUIET, engine::schedule);
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

  boolean isCalledBy(Thread thread) {
    return clients.values().stream().anyMatch(client -> client.isCalledBy(thread));
  }

  /** From now on no frame is delivered and no client comes. */
  void refuse() {
    refusing = true;
  }

  /** Lets calls return and peers take their replies, and closes the clients; until a deadline. */
  void drain(long deadline) {
    clients.values().forEach(client -> client.hold(Client.Hold.CLOSE));
    if (await(deadline, false)) {
      clients.values().forEach(Client::close);
      boolean unused = await(deadline, true);
    }
  }

  private boolean await(long deadline, boolean gone) {
    lock.lock();
    try {
      while (underWay.get() > 0 || (gone && !clients.isEmpty())) {
        long left = deadline - System.nanoTime();
        if (left <= 0 || !changed.await(left, TimeUnit.NANOSECONDS)) {
          return false;
        }
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** After the poller: tells of the clients that were cut, unless a call of theirs is stuck. */
  void close(List<Client> cut, Throwable cause) {
    for (Client client : cut) {
      if (client.lane() == null && !client.isCalled() && client.ends()) {
        end(client, cause);
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
            listener,
            registration,
            target.replies(framing),
            framing.idleTimeout(),
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
    Executor lane = client.lane();
    begin();
    if (lane == null) {
      open(client);
    } else {
      client.hold(Client.Hold.CALL);
      lane.execute(() -> open(client));
    }
  }

  private void gone(Registration registration) {
    clients.remove(registration);
    server.limitAccepting();
    signal();
  }

  @Override
  public void data(Registration registration, ByteBuffer frame) {
    Client client = clients.get(registration);
    if (client == null || refusing) {
      return;
    }
    Executor lane = client.lane();
    begin();
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
    Executor lane = client.lane();
    begin();
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
      target.opened(client);
    } catch (IOException | RuntimeException | Error e) {
      fault(client, e);
    } finally {
      returned(client);
    }
  }

  private void frame(Client client, ByteBuffer frame) {
    client.calling();
    try {
      client.count();
      frames.incrementAndGet();
      target.frame(client, frame);
    } catch (IOException | RuntimeException | Error e) {
      fault(client, e);
    } finally {
      returned(client);
    }
  }

  private void returned(Client client) {
    client.called();
    if (client.lane() != null) {
      client.release(Client.Hold.CALL);
    }
    over();
  }

  private void endAndCount(Client client, @Nullable Throwable cause) {
    client.calling();
    try {
      end(client, cause);
    } finally {
      client.called();
      over();
    }
  }

  /** The last call; then the connection goes, behind its replies. */
  private void end(Client client, @Nullable Throwable cause) {
    if (cause != null) {
      LOG.log(Level.DEBUG, client.channel().name() + ": the connection has failed", cause);
    }
    try {
      target.closed(client, cause);
    } catch (IOException | RuntimeException | Error e) {
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
    if (client.ends()) {
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

  // ---- what is under way

  private void begin() {
    underWay.incrementAndGet();
  }

  private void over() {
    if (underWay.decrementAndGet() == 0 && refusing) {
      signal();
    }
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
