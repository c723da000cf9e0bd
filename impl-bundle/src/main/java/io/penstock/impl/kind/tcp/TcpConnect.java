// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.tcp;

import io.penstock.error.StreamTimeoutException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.socket.Drain;
import io.penstock.impl.kind.support.socket.SocketDriver;
import io.penstock.spi.ChannelDriver;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One attempt to connect: looks the name up, then tries its addresses in turn. Each gets an equal
 * share of the time that is left, so that one that does not answer leaves time for the others.
 * Cancelling {@link #result()} ends it.
 */
final class TcpConnect implements Runnable {
  private record Refusal(InetAddress address, IOException failure) {}

  private final CompletableFuture<ChannelDriver> result = new CompletableFuture<>();
  private final String name;
  private final String shown;
  private final HostPort target;
  private final @Nullable HostPort from;
  private final Duration limit;
  private final TcpProvider.Setup setup;
  private final Drain drain;

  TcpConnect(
      String name,
      String shown,
      HostPort target,
      @Nullable HostPort from,
      Duration limit,
      TcpProvider.Setup setup,
      Drain drain) {
    this.name = name;
    this.shown = shown;
    this.target = target;
    this.from = from;
    this.limit = limit;
    this.setup = setup;
    this.drain = drain;
  }

  CompletableFuture<ChannelDriver> result() {
    return result;
  }

  @Override
  public void run() {
    if (result.isDone()) {
      return;
    }
    try (Selector selector = Selector.open()) {
      CompletableFuture<?> unused = result.whenComplete((driver, failure) -> selector.wakeup());
      connect(selector);
    } catch (IOException e) {
      result.completeExceptionally(Failures.address(shown, e));
    } catch (RuntimeException | Error e) {
      result.completeExceptionally(e);
    }
  }

  private void connect(Selector selector) throws IOException {
    long deadline = System.nanoTime() + nanos(limit);
    InetAddress[] addresses = InetAddress.getAllByName(target.host());
    List<Refusal> refusals = new ArrayList<>();
    for (int i = 0; i < addresses.length && !result.isDone(); i++) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        break;
      }
      long until = System.nanoTime() + left / (addresses.length - i);
      SocketChannel channel = SocketChannel.open();
      try {
        if (open(channel, new InetSocketAddress(addresses[i], target.port()), selector, until)) {
          SocketDriver driver = new SocketDriver(name, channel, drain);
          if (!result.complete(driver)) {
            channel.close();
          }
          return;
        }
        channel.close();
      } catch (IOException e) {
        channel.close();
        refusals.add(new Refusal(addresses[i], e));
      } catch (RuntimeException | Error e) {
        channel.close();
        throw e;
      } finally {
        // A closed channel keeps its descriptor until the selector has let go of it.
        selector.selectNow();
      }
    }
    result.completeExceptionally(failed(refusals));
  }

  /** Returns false when the time has passed or the attempt was cancelled. */
  private boolean open(
      SocketChannel channel, InetSocketAddress address, Selector selector, long until)
      throws IOException {
    channel.configureBlocking(false);
    setup.apply(channel);
    HostPort local = from;
    if (local != null) {
      channel.bind(
          local.everywhere()
              ? new InetSocketAddress(local.port())
              : new InetSocketAddress(InetAddress.getByName(local.host()), local.port()));
    }
    if (channel.connect(address)) {
      return true;
    }
    SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
    while (!channel.finishConnect()) {
      long left = until - System.nanoTime();
      if (left <= 0 || result.isDone()) {
        return false;
      }
      selector.select(TimeUnit.NANOSECONDS.toMillis(left) + 1);
      selector.selectedKeys().clear();
    }
    key.cancel();
    return true;
  }

  private IOException failed(List<Refusal> refusals) {
    if (refusals.isEmpty()) {
      return new StreamTimeoutException(name, "no answer from " + shown + " within " + limit, 0);
    }
    IOException first = refusals.get(0).failure();
    if (refusals.size() == 1) {
      return Failures.address(shown, first);
    }
    String all =
        refusals.stream()
            .map(r -> r.address().getHostAddress() + ": " + Failures.reason(r.failure()))
            .collect(Collectors.joining("; "));
    ConnectException joined = new ConnectException(all);
    refusals.forEach(r -> joined.addSuppressed(r.failure()));
    return Failures.address(shown, joined);
  }

  private static long nanos(Duration limit) {
    try {
      return Math.min(limit.toNanos(), Long.MAX_VALUE / 2);
    } catch (ArithmeticException e) {
      return Long.MAX_VALUE / 2;
    }
  }
}
