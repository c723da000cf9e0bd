// SPDX-License-Identifier: Apache-2.0
package io.penstock.awkward;

import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.ConnectionResetException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A name that awkward channels connect to. */
final class AwkwardListener implements ListenerDriver {
  private final Endpoint endpoint;
  private final int backlog;
  private final int window;
  private final Set<String> granted;
  private final Runnable onClose;
  private final ReentrantLock lock = new ReentrantLock();
  private final Queue<Link> waiting = new ArrayDeque<>();
  private boolean closed;
  private volatile Runnable ready = () -> {};

  AwkwardListener(
      Endpoint endpoint, int backlog, int window, Set<String> granted, Runnable onClose) {
    this.endpoint = endpoint;
    this.backlog = backlog;
    this.window = window;
    this.granted = granted;
    this.onClose = onClose;
  }

  ChannelDriver connect(Endpoint asked, ProviderContext context) throws IOException {
    Link link = new Link(context.name(), window, granted, context);
    String refused = null;
    lock.lock();
    try {
      if (closed) {
        refused = "it has just been closed";
      } else if (waiting.size() >= backlog) {
        refused = backlog + " wait to be accepted already";
      } else {
        waiting.add(link);
      }
    } finally {
      lock.unlock();
    }
    if (refused != null) {
      AddressException refusal =
          new AddressException(AddressException.Kind.REFUSED, asked.toString(), refused, null);
      link.client().abort(refusal);
      throw refusal;
    }
    ready.run();
    return link.client();
  }

  @Override
  public @Nullable ChannelDriver accept(ProviderContext context) {
    Link link;
    lock.lock();
    try {
      link = waiting.poll();
    } finally {
      lock.unlock();
    }
    return link == null ? null : link.server(context);
  }

  @Override
  public Endpoint endpoint() {
    return endpoint;
  }

  @Override
  public boolean ready() {
    lock.lock();
    try {
      return !waiting.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onReady(Runnable callback) {
    ready = callback;
  }

  @Override
  public void close() {
    List<Link> left;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      left = new ArrayList<>(waiting);
      waiting.clear();
    } finally {
      lock.unlock();
    }
    onClose.run();
    for (Link link : left) {
      link.refuse(
          new ConnectionResetException(
              endpoint.toString(), "closed before the channel was accepted", 0));
    }
  }
}
