// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.selectable.ReadyWatch;
import io.penstock.impl.kind.support.socket.SocketDriver;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.ConnectException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One connection that is being made, as RFC 8305 has it: the addresses of the name are tried in the
 * resolver's order, but with the families taking turns; the next attempt begins when one has failed
 * or {@value #STAGGER_MILLIS} ms after the last began, and those under way go on; the first that
 * succeeds wins, and the others are closed. Cancelling {@link #result()} ends it.
 *
 * <p>It is looked at when an attempt is ready, when its time has come, and after every change, on
 * the thread that finds that out. {@link #result()} is completed with no lock held.
 */
final class TcpConnect {
  /** How long an attempt is alone before the next one begins. */
  static final int STAGGER_MILLIS = 250;

  private static final Logger LOG = Messages.log("tcp");
  private static final long STAGGER = TimeUnit.MILLISECONDS.toNanos(STAGGER_MILLIS);

  /** What connections have in common. */
  record Plan(
      ProviderContext context, String shown, int port, Duration limit, TcpProvider.Setup setup) {}

  /**
   * Where to, and from where.
   *
   * @param addresses to try, as the resolver ordered them
   * @param local to connect from, the first of the family counts; empty for any
   * @param localPort to connect from; 0 for any
   */
  record Route(List<InetAddress> addresses, List<InetAddress> local, int localPort) {}

  private static final class Attempt {
    final InetAddress address;
    final SocketChannel channel;

    /**
     * Whether a selector waits for it: nothing else may find it connected then, because the
     * selector would wait on for a connection that has come.
     */
    boolean watched;

    Attempt(InetAddress address, SocketChannel channel) {
      this.address = address;
      this.channel = channel;
    }
  }

  private record Refusal(InetAddress address, IOException failure) {}

  private final CompletableFuture<ChannelDriver> result = new CompletableFuture<>();
  private final Plan plan;
  private final long deadline;
  private volatile boolean over;

  /** Held for calls that do not wait. */
  private final ReentrantLock lock = new ReentrantLock();

  // All guarded by the lock.
  private @Nullable Route route;
  private @Nullable Throwable unresolved;
  private final Queue<InetAddress> untried = new ArrayDeque<>();
  private final List<Attempt> running = new ArrayList<>(1);
  private final List<Refusal> refusals = new ArrayList<>(1);
  private boolean started;
  private long nextAttempt;
  private long wakeAt;
  private @Nullable Future<?> alarm;
  private long alarmAt;
  private @Nullable Runnable verdict;

  TcpConnect(Plan plan) {
    this.plan = plan;
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

  // ---- from outside

  /** Begins with addresses that are known already; never waits. */
  void begin(Route known) {
    // Nobody has the result yet, so that nobody's code runs here; and a refusal, or a connection to
    // this machine, needs no further thread.
    look(null, () -> route = known, Runnable::run);
    watch();
  }

  /** Waits, within the limit, for {@link #resolved} or {@link #unresolved}. */
  void beginUnresolved() {
    change(() -> {});
    watch();
  }

  private void watch() {
    CompletableFuture<?> unused =
        result.whenComplete(
            (driver, failure) -> {
              // Otherwise it is our own verdict.
              if (!over) {
                change(() -> {});
              }
            });
  }

  /** The name was looked up. */
  void resolved(Route found) {
    change(() -> route = found);
  }

  /** The name cannot be looked up. */
  void unresolved(Throwable failure) {
    change(() -> unresolved = failure);
  }

  /** Whether nobody wants the connection any more, or it is there. */
  boolean isDone() {
    return result.isDone();
  }

  // ---- what is due

  private void change(Runnable news) {
    look(null, news, plan.context().executor());
  }

  /** A selector has found an attempt ready. Returns as a {@link ReadyWatch.Task} does. */
  private int ready(Attempt attempt) {
    return look(attempt, () -> attempt.watched = false, plan.context().executor()) ? 0 : -1;
  }

  /**
   * Does what is due.
   *
   * @param found the attempt that a selector has found ready, if it is that
   * @param news is taken in first
   * @param completions completes the result, once it is over
   * @return whether that attempt goes on
   */
  private boolean look(@Nullable Attempt found, Runnable news, Executor completions) {
    List<Attempt> fresh = new ArrayList<>(1);
    boolean on;
    Runnable told;
    lock.lock();
    try {
      news.run();
      try {
        step(System.nanoTime());
        arm();
      } catch (RuntimeException | Error e) {
        broken(e);
      }
      on = found != null && running.contains(found);
      for (Attempt attempt : running) {
        if (!attempt.watched) {
          attempt.watched = true;
          if (attempt != found) {
            fresh.add(attempt);
          }
        }
      }
      told = verdict;
      verdict = null;
    } finally {
      lock.unlock();
    }
    if (told != null) {
      completions.execute(told);
    }
    for (Attempt attempt : fresh) {
      try {
        ReadyWatch.start(
            plan.context(), attempt.channel, SelectionKey.OP_CONNECT, () -> ready(attempt));
      } catch (RuntimeException | Error e) {
        change(() -> broken(e));
      }
    }
    return on;
  }

  /** Has the next look come in time. */
  private void arm() {
    Future<?> present = alarm;
    if (present != null && (over || alarmAt != wakeAt)) {
      present.cancel(false);
      alarm = null;
    }
    if (!over && alarm == null) {
      alarmAt = wakeAt;
      Duration left = Duration.ofNanos(Math.max(0, wakeAt - System.nanoTime()));
      alarm = plan.context().after(left, this::alarmed);
    }
  }

  private void alarmed() {
    change(() -> alarm = null);
  }

  /** Cannot go on, for a reason that has nothing to do with the peer. */
  private void broken(Throwable failure) {
    if (!over) {
      end(failure instanceof IOException e ? Failures.address(plan.shown(), e) : failure);
    }
  }

  private void end(Throwable failure) {
    over = true;
    closeAll();
    verdict = () -> result.completeExceptionally(failure);
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
      if (!attempt.watched && connected(attempt)) {
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
      end(failed());
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
      connect(channel, found, new InetSocketAddress(address, plan.port()));
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
    if (found.localPort() != 0) {
      // The attempts before this one may have it still. Linux then tells them apart by their peers.
      channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    }
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

  private static void connect(SocketChannel channel, Route found, InetSocketAddress peer)
      throws IOException {
    try {
      boolean unused = channel.connect(peer);
    } catch (BindException e) {
      if (found.localPort() == 0) {
        throw e;
      }
      // The port is bound, but has a connection to this very peer, or has just had one.
      BindException inUse = new BindException("Address already in use");
      inUse.initCause(e);
      throw inUse;
    }
  }

  private boolean connected(Attempt attempt) {
    try {
      return attempt.channel.finishConnect();
    } catch (IOException e) {
      running.remove(attempt);
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
    running.remove(attempt);
    closeAll();
    verdict = () -> deliver(attempt.channel);
  }

  private void deliver(SocketChannel channel) {
    try {
      if (!result.complete(new SocketDriver(plan.context(), channel))) {
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

  private void close(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "an attempt to connect could not be closed", e);
    }
    // Not before: the selector may only just have got it.
    if (channel.isRegistered()) {
      plan.context().forgetClosed();
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
        running.stream().map(attempt -> attempt.address.getHostAddress() + ": no answer");
    Stream<String> left = untried.stream().map(a -> a.getHostAddress() + ": not tried");
    return Stream.of(refused, silent, left).flatMap(each -> each).collect(Collectors.joining("; "));
  }

  private void timedOut(String what) {
    StreamTimeoutException failure =
        new StreamTimeoutException(
            plan.context().name(),
            "no answer from " + plan.shown() + " within " + plan.limit().toMillis() + " ms" + what,
            0);
    refusals.forEach(refusal -> failure.addSuppressed(refusal.failure()));
    end(failure);
  }
}
