// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.impl.engine.Scope;
import io.penstock.spi.ChannelProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The providers that are installed now, and what they made. The first one of a scheme serves it.
 */
public final class Providers {
  /** A provider and what it made. */
  record Installed(ChannelProvider provider, Scope made) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final List<Installed> installed = new ArrayList<>();

  /** Installs a provider. */
  public void add(ChannelProvider provider) {
    lock.lock();
    try {
      installed.add(new Installed(provider, Scope.quiet()));
    } finally {
      lock.unlock();
    }
  }

  /** Removes a provider, and aborts what it made. */
  public void remove(ChannelProvider provider) {
    List<Installed> gone = new ArrayList<>();
    lock.lock();
    try {
      for (Installed candidate : installed) {
        if (candidate.provider == provider) {
          gone.add(candidate);
        }
      }
      // Not by equals: the JDK would remember the record's types, and with them a whole bundle.
      installed.removeIf(candidate -> candidate.provider == provider);
    } finally {
      lock.unlock();
    }
    gone.forEach(candidate -> candidate.made.close());
  }

  /** The provider that serves a scheme now. */
  public Optional<ChannelProvider> provider(String scheme) {
    return find(scheme).map(Installed::provider);
  }

  Optional<Installed> find(String scheme) {
    lock.lock();
    try {
      return installed.stream().filter(i -> i.provider.schemes().contains(scheme)).findFirst();
    } finally {
      lock.unlock();
    }
  }

  SortedSet<String> schemes() {
    lock.lock();
    try {
      SortedSet<String> all = new TreeSet<>();
      installed.forEach(i -> all.addAll(i.provider.schemes()));
      return all;
    } finally {
      lock.unlock();
    }
  }
}
