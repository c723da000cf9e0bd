// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.provider;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.StreamTimeoutException;
import io.penstock.remote.impl.node.RemoteNode;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a name on its way: tries one provider after the other. Each may take its share
 * of the time that is left, so that all of them are tried within the limit.
 */
final class Failover {
  private static final Logger LOG = Messages.log("remote");

  private final Endpoint endpoint;
  private final RemoteOptions wanted;
  private final ChannelOptions options;
  private final ProviderContext context;
  private final RemoteNode node;
  private final Function<String, Optional<ChannelProvider>> below;
  private final long deadline;
  private final CompletableFuture<ChannelDriver> result = new CompletableFuture<>();
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final Deque<RemoteEntry> left = new ArrayDeque<>();
  private final List<String> failures = new ArrayList<>();
  private @Nullable CompletableFuture<?> current;
  private @Nullable Throwable last;

  Failover(
      Endpoint endpoint,
      RemoteOptions wanted,
      ChannelOptions options,
      ProviderContext context,
      RemoteNode node,
      Function<String, Optional<ChannelProvider>> below) {
    this.endpoint = endpoint;
    this.wanted = wanted;
    this.options = options;
    this.context = context;
    this.node = node;
    this.below = below;
    this.deadline = System.nanoTime() + options.connectTimeout().toNanos();
  }

  CompletionStage<ChannelDriver> begin() {
    CompletableFuture<RemoteNode.Found> finding = node.find(wanted.name(), wanted.tags());
    Future<?> limit =
        context.after(
            options.connectTimeout(),
            () -> {
              if (finding.cancel(false)) {
                fail(
                    new StreamTimeoutException(
                        context.name(), endpoint.name() + ": " + node.whyNot(), 0));
              }
            });
    CompletableFuture<?> unused =
        finding.whenComplete(
            (found, failure) -> {
              limit.cancel(false);
              if (found != null) {
                // Not on the thread of the registry: a kind may read files before it connects.
                context.executor().execute(() -> found(found));
              } else if (!finding.isCancelled()) {
                fail(failure);
              }
            });
    unused =
        result.whenComplete(
            (made, failure) -> {
              if (result.isCancelled()) {
                finding.cancel(false);
                cancelCurrent();
              }
            });
    return result;
  }

  private void cancelCurrent() {
    CompletableFuture<?> trying;
    lock.lock();
    try {
      left.clear();
      trying = current;
    } finally {
      lock.unlock();
    }
    if (trying != null) {
      trying.cancel(true);
    }
  }

  private void found(RemoteNode.Found found) {
    List<RemoteEntry> order = new ArrayList<>();
    for (RemoteEntry entry : found.entries()) {
      if (wanted.provider().isEmpty() || wanted.provider().equals(entry.key())) {
        String why = unfit(entry);
        if (why == null) {
          order.add(entry);
        } else {
          failures.add(entry.endpoint().anonymous() + " " + why);
        }
      }
    }
    if (order.isEmpty()) {
      fail(
          new AddressException(
              AddressException.Kind.NOT_FOUND,
              endpoint.name(),
              failures.isEmpty()
                  ? found.entries().isEmpty() ? found.why() : "that provider is not there any more"
                  : String.join("; ", failures),
              null));
      return;
    }
    lock.lock();
    try {
      left.addAll(order);
    } finally {
      lock.unlock();
    }
    next();
  }

  /** Why an entry is not for this endpoint; null if it is. */
  private @Nullable String unfit(RemoteEntry entry) {
    Optional<ChannelProvider> kind = below.apply(entry.endpoint().scheme());
    if (kind.isEmpty()) {
      return "is of a kind that is not installed";
    }
    // A user who asks for a certificate must not get a connection without one.
    for (String key : wanted.kinds()) {
      if (kind.get().optionKeys(entry.endpoint().scheme()).stream()
          .noneMatch(known -> known.endsWith(".") ? key.startsWith(known) : key.equals(known))) {
        return "does not know the option '" + key + "'";
      }
    }
    for (String key : options.secretKeys()) {
      if (!kind.get().secretKeys(entry.endpoint().scheme()).contains(key)) {
        return "does not take the secret '" + key + "'";
      }
    }
    return null;
  }

  private void next() {
    RemoteEntry entry;
    int count;
    Throwable failure;
    lock.lock();
    try {
      count = left.size();
      entry = left.poll();
      failure = last;
    } finally {
      lock.unlock();
    }
    if (result.isDone()) {
      return;
    }
    if (entry == null) {
      fail(failures.size() == 1 && failure != null ? failure : all(failure));
      return;
    }
    long share = (deadline - System.nanoTime()) / count;
    if (share <= 0) {
      fail(
          new StreamTimeoutException(
              context.name(), endpoint.name() + ": " + String.join("; ", failures), 0));
      return;
    }
    attempt(entry, Duration.ofNanos(Math.max(share, TimeUnit.MILLISECONDS.toNanos(1))), count > 1);
  }

  private void attempt(RemoteEntry entry, Duration share, boolean more) {
    CompletableFuture<? extends ChannelDriver> trying;
    try {
      ChannelProvider kind = below.apply(entry.endpoint().scheme()).orElseThrow();
      ChannelOptions mine = options.withConnectTimeout(share);
      kind.check(entry.endpoint(), mine);
      trying = kind.connect(entry.endpoint(), mine, context).toCompletableFuture();
    } catch (IOException | RuntimeException | LinkageError e) {
      failed(entry, e, more);
      return;
    }
    lock.lock();
    try {
      current = trying;
    } finally {
      lock.unlock();
    }
    Future<?> limit =
        context.after(
            share,
            () -> {
              // The last one is left to the limit of the channel itself.
              if (more) {
                trying.cancel(true);
              }
            });
    CompletableFuture<?> unused =
        trying.whenComplete(
            (made, failure) -> {
              limit.cancel(false);
              if (made != null) {
                connected(entry, made);
              } else {
                context.executor().execute(() -> failed(entry, failure, more));
              }
            });
    if (result.isDone()) {
      trying.cancel(true);
    }
  }

  private void connected(RemoteEntry entry, ChannelDriver made) {
    RemoteDriver driver = new RemoteDriver(made, node, entry, context);
    if (!result.complete(driver)) {
      driver.abort(new IOException(context.name() + ": nobody waits for it any more"));
      context.forgetClosed();
    }
  }

  private void failed(RemoteEntry entry, @Nullable Throwable failure, boolean more) {
    Throwable why =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    String text =
        why instanceof java.util.concurrent.CancellationException || why == null
            ? "it did not connect within its share of the time"
            : String.valueOf(why.getMessage());
    node.failed(entry, text, more && !result.isDone());
    if (result.isDone()) {
      return;
    }
    if (more) {
      LOG.log(
          Level.DEBUG,
          "{0}: {1} failed, going on to the next: {2}",
          LogField.name(context.name()),
          LogField.endpoint(entry.endpoint().anonymous()),
          LogField.cause(text));
    }
    lock.lock();
    try {
      last = why;
      failures.add(entry.endpoint().anonymous() + ": " + text);
    } finally {
      lock.unlock();
    }
    next();
  }

  private IOException all(@Nullable Throwable failure) {
    AddressException.Kind kind =
        failure instanceof AddressException address
            ? address.kind()
            : AddressException.Kind.REFUSED;
    return new AddressException(
        kind,
        endpoint.name(),
        "none of " + failures.size() + " providers can be used: " + String.join("; ", failures),
        failure);
  }

  private void fail(@Nullable Throwable failure) {
    boolean unused =
        result.completeExceptionally(
            failure == null ? new IOException(endpoint.name() + ": no provider answers") : failure);
  }
}
