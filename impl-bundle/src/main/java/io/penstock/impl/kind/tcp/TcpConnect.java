// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.socket.Drain;
import io.penstock.impl.kind.support.socket.SocketDriver;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.ConnectException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One connection that is being made, as RFC 8305 has it: the addresses of the name are tried in the
 * resolver's order, but with the families taking turns; the next attempt begins when one has failed
 * or {@value #STAGGER_MILLIS} ms after the last began, and those under way go on; the first that
 * succeeds wins, and the others are closed. Cancelling {@link #result()} ends it.
 *
 * <p>Everything but {@link #result()}, {@link #resolved} and {@link #begin} happens on the
 * connector's thread.
 */
final class TcpConnect {
  /** How long an attempt is alone before the next one begins. */
  static final int STAGGER_MILLIS = 250;

  private static final Logger LOG = Messages.log("tcp");
  private static final long STAGGER = TimeUnit.MILLISECONDS.toNanos(STAGGER_MILLIS);
  private static final AtomicLong NUMBERS = new AtomicLong();

  /** What connections have in common. */
  record Plan(
      String name,
      String shown,
      int port,
      Duration limit,
      TcpProvider.Setup setup,
      Drain drain,
      Executor executor) {}

  /**
   * Where to, and from where.
   *
   * @param addresses to try, as the resolver ordered them
   * @param local to connect from, the first of the family counts; empty for any
   * @param localPort to connect from; 0 for any
   */
  record Route(List<InetAddress> addresses, List<InetAddress> local, int localPort) {}

  private record Attempt(InetAddress address, SocketChannel channel) {}

  private record Refusal(InetAddress address, IOException failure) {}

  private final CompletableFuture<ChannelDriver> result = new CompletableFuture<>();
  private final Plan plan;
  private final Connector connector;
  private final long number = NUMBERS.incrementAndGet();
  private final long deadline;
  private volatile @Nullable Route route;
  private volatile @Nullable Throwable unresolved;

  private final Queue<InetAddress> untried = new ArrayDeque<>();
  private final List<Attempt> running = new ArrayList<>(1);
  private final List<Refusal> refusals = new ArrayList<>(1);
  private Executor completions = Runnable::run;
  private boolean started;
  private volatile boolean over;
  private @Nullable Selector watching;
  private long nextAttempt;
  private long wakeAt;

  TcpConnect(Plan plan, Connector connector) {
    this.plan = plan;
    this.connector = connector;
    this.deadline = System.nanoTime() + nanos(plan.limit());
    this.wakeAt = deadline;
  }

  private static long nanos(Duration limit) {
    try {
      return Math.min(limit.toNanos(), Long.MAX_VALUE / 2);
    } catch (ArithmeticException e) {
      return Long.MAX_VALUE / 2;
    }
  }

  CompletableFuture<ChannelDriver> result() {
    return result;
  }

  /** Tells connections apart that are due at the same time. */
  long number() {
    return number;
  }

  /** When to look again at the latest, by {@link System#nanoTime()}. */
  long wakeAt() {
    return wakeAt;
  }

  // ---- from outside

  /** Begins with addresses that are known already; never waits. */
  void begin(Route known) {
    route = known;
    // Nobody has the result yet, so that nobody's code runs here; and a refusal, or a connection to
    // this machine, needs no further thread.
    step(System.nanoTime());
    completions = plan.executor();
    if (!over) {
      watch();
    }
  }

  /** Waits, within the limit, for {@link #resolved} or {@link #unresolved}. */
  void beginUnresolved() {
    completions = plan.executor();
    watch();
  }

  private void watch() {
    CompletableFuture<?> unused =
        result.whenComplete(
            (driver, failure) -> {
              // Otherwise it is our own verdict.
              if (!over) {
                change();
              }
            });
    change();
  }

  private void change() {
    try {
      connector.look(this);
    } catch (IOException e) {
      broken(e);
    }
  }

  /** The name was looked up. */
  void resolved(Route found) {
    route = found;
    change();
  }

  /** The name cannot be looked up. */
  void unresolved(Throwable failure) {
    unresolved = failure;
    change();
  }

  /** Whether nobody wants the connection any more, or it is there. */
  boolean isDone() {
    return result.isDone();
  }

  // ---- on the connector's thread

  /**
   * Does what is due.
   *
   * @param selector watches the attempts that are under way
   * @return false when it is over
   */
  boolean look(Selector selector, long now) {
    watching = selector;
    step(now);
    for (Attempt attempt : running) {
      try {
        if (attempt.channel.keyFor(selector) == null) {
          attempt.channel.register(selector, SelectionKey.OP_CONNECT, this);
        }
      } catch (IOException e) {
        // Not closed by anybody but us: cannot be.
        throw new IllegalStateException(plan.name() + ": an attempt cannot be watched", e);
      }
    }
    return !over;
  }

  /** Cannot go on, for a reason that has nothing to do with the peer. */
  void broken(Throwable failure) {
    over = true;
    closeAll();
    completions.execute(
        () ->
            result.completeExceptionally(
                failure instanceof IOException e ? Failures.address(plan.shown(), e) : failure));
  }

  private void step(long now) {
    if (over) {
      return;
    }
    if (result.isDone()) {
      over = true;
      closeAll();
      return;
    }
    Throwable lost = unresolved;
    if (lost != null) {
      broken(lost);
      return;
    }
    Route found = route;
    if (found == null) {
      if (deadline - now <= 0) {
        timedOut(": its name was not looked up");
      }
      return;
    }
    if (!started) {
      started = true;
      untried.addAll(interleaved(usable(found)));
    }
    if (finishOne(found, now)) {
      return;
    }
    if (deadline - now <= 0) {
      boolean one = refusals.size() + running.size() + untried.size() == 1;
      timedOut(one ? "" : ": " + tried());
      return;
    }
    wakeAt = untried.isEmpty() || deadline - nextAttempt < 0 ? deadline : nextAttempt;
  }

  /** Returns whether there is a connection, or there will be none. */
  private boolean finishOne(Route found, long now) {
    for (Attempt attempt : List.copyOf(running)) {
      if (connected(attempt)) {
        win(attempt);
        return true;
      }
    }
    while (!untried.isEmpty() && (running.isEmpty() || nextAttempt - now <= 0)) {
      InetAddress address = untried.remove();
      Attempt attempt = open(found, address);
      if (attempt == null) {
        continue;
      }
      running.add(attempt);
      nextAttempt = now + STAGGER;
      if (connected(attempt)) {
        win(attempt);
        return true;
      }
    }
    if (running.isEmpty()) {
      over = true;
      IOException failure = failed();
      completions.execute(() -> result.completeExceptionally(failure));
      return true;
    }
    return false;
  }

  /** Begins an attempt; null if it failed at once. */
  private @Nullable Attempt open(Route found, InetAddress address) {
    SocketChannel channel;
    try {
      channel = SocketChannel.open();
    } catch (IOException e) {
      refusals.add(new Refusal(address, e));
      return null;
    }
    try {
      channel.configureBlocking(false);
      plan.setup().apply(channel);
      bind(channel, found, address);
      channel.connect(new InetSocketAddress(address, plan.port()));
      return new Attempt(address, channel);
    } catch (IOException e) {
      refuse(address, channel, e);
    } catch (RuntimeException | Error e) {
      // Such as for a family that this system, or this virtual machine, does not have.
      refuse(address, channel, new IOException(e.toString(), e));
    }
    return null;
  }

  private static void bind(SocketChannel channel, Route found, InetAddress address)
      throws IOException {
    if (!found.local().isEmpty()) {
      InetAddress local =
          found.local().stream()
              .filter(own -> own.getClass() == address.getClass())
              .findFirst()
              // The system then says that there is no way from there.
              .orElse(found.local().get(0));
      channel.bind(new InetSocketAddress(local, found.localPort()));
    } else if (found.localPort() != 0) {
      channel.bind(new InetSocketAddress(found.localPort()));
    }
  }

  private boolean connected(Attempt attempt) {
    try {
      return attempt.channel.finishConnect();
    } catch (IOException e) {
      boolean unused = running.removeIf(each -> each.channel == attempt.channel);
      refuse(attempt.address, attempt.channel, e);
      return false;
    }
  }

  private void refuse(InetAddress address, SocketChannel channel, IOException failure) {
    close(channel);
    refusals.add(new Refusal(address, failure));
  }

  private void win(Attempt attempt) {
    over = true;
    boolean unused = running.removeIf(each -> each.channel == attempt.channel);
    closeAll();
    Selector current = watching;
    SelectionKey key = current == null ? null : attempt.channel.keyFor(current);
    if (key != null) {
      key.cancel();
    }
    completions.execute(() -> deliver(attempt.channel));
  }

  private void deliver(SocketChannel channel) {
    try {
      if (!result.complete(new SocketDriver(plan.name(), channel, plan.drain()))) {
        close(channel);
      }
    } catch (IOException e) {
      close(channel);
      result.completeExceptionally(Failures.address(plan.shown(), e));
    } catch (RuntimeException | Error e) {
      close(channel);
      result.completeExceptionally(e);
    }
  }

  private void closeAll() {
    running.forEach(attempt -> close(attempt.channel));
    running.clear();
  }

  private static void close(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "an attempt to connect could not be closed", e);
    }
  }

  // ---- which addresses

  /** Those that can be reached from the local address. */
  private static List<InetAddress> usable(Route found) {
    if (found.local().isEmpty()) {
      return found.addresses();
    }
    List<InetAddress> usable =
        found.addresses().stream()
            .filter(
                address ->
                    found.local().stream().anyMatch(own -> own.getClass() == address.getClass()))
            .toList();
    // None: then the system itself says what is wrong.
    return usable.isEmpty() ? found.addresses() : usable;
  }

  /** The families take turns, beginning with that of the first address. */
  static List<InetAddress> interleaved(List<InetAddress> addresses) {
    if (addresses.isEmpty()) {
      return addresses;
    }
    boolean six = addresses.get(0) instanceof Inet6Address;
    Queue<InetAddress> first = new ArrayDeque<>();
    Queue<InetAddress> second = new ArrayDeque<>();
    addresses.forEach(a -> (a instanceof Inet6Address == six ? first : second).add(a));
    List<InetAddress> mixed = new ArrayList<>(addresses.size());
    while (!first.isEmpty() || !second.isEmpty()) {
      for (Queue<InetAddress> family : List.of(first, second)) {
        InetAddress next = family.poll();
        if (next != null) {
          mixed.add(next);
        }
      }
    }
    return mixed;
  }

  // ---- why not

  private IOException failed() {
    if (refusals.isEmpty()) {
      return Failures.address(plan.shown(), new ConnectException("the name has no address"));
    }
    if (refusals.size() == 1) {
      return Failures.address(plan.shown(), refusals.get(0).failure());
    }
    ConnectException joined = new ConnectException(tried());
    refusals.forEach(refusal -> joined.addSuppressed(refusal.failure()));
    return Failures.address(plan.shown(), joined);
  }

  private String tried() {
    Stream<String> refused =
        refusals.stream()
            .map(r -> r.address().getHostAddress() + ": " + Failures.reason(r.failure()));
    Stream<String> silent =
        running.stream().map(attempt -> attempt.address().getHostAddress() + ": no answer");
    Stream<String> left = untried.stream().map(a -> a.getHostAddress() + ": not tried");
    return Stream.of(refused, silent, left).flatMap(each -> each).collect(Collectors.joining("; "));
  }

  private void timedOut(String what) {
    StreamTimeoutException failure =
        new StreamTimeoutException(
            plan.name(),
            "no answer from " + plan.shown() + " within " + plan.limit().toMillis() + " ms" + what,
            0);
    refusals.forEach(refusal -> failure.addSuppressed(refusal.failure()));
    over = true;
    closeAll();
    completions.execute(() -> result.completeExceptionally(failure));
  }
}
