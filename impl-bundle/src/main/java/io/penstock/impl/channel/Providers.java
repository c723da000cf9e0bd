// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.impl.engine.Scope;
import io.penstock.runtime.RemoteDTO;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.RemoteReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The providers that are installed now, and what they made. The first one of a scheme serves it.
 */
public final class Providers {
  /** A provider and what it made. */
  record Installed(ChannelProvider provider, Scope made) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final List<Installed> installed = new ArrayList<>();

  /** These go after all others. */
  private final List<Installed> found = new ArrayList<>();

  private final Consumer<Providers> search;
  private final AtomicBoolean searched = new AtomicBoolean();
  private final CompletableFuture<Void> searchDone = new CompletableFuture<>();

  /** Begins with none, and nothing else is looked for. */
  public Providers() {
    this(none -> {});
  }

  /**
   * Begins with none.
   *
   * @param search adds what it finds by {@link #addFound}; called once, with no lock held, when a
   *     scheme is asked for that none serves, or for all schemes
   */
  public Providers(Consumer<Providers> search) {
    this.search = search;
  }

  /** Installs a provider. */
  public void add(ChannelProvider provider) {
    add(installed, provider);
  }

  /** Installs a provider that nobody has asked for by name: one that was added goes before it. */
  public void addFound(ChannelProvider provider) {
    add(found, provider);
  }

  private void add(List<Installed> list, ChannelProvider provider) {
    lock.lock();
    try {
      list.add(new Installed(provider, Scope.quiet()));
    } finally {
      lock.unlock();
    }
  }

  /** Removes a provider, and aborts what it made. */
  public void remove(ChannelProvider provider) {
    List<Installed> gone = new ArrayList<>();
    lock.lock();
    try {
      for (List<Installed> list : List.of(installed, found)) {
        for (Installed candidate : list) {
          if (candidate.provider == provider) {
            gone.add(candidate);
          }
        }
        // Not by equals: the JDK would remember the record's types, and with them a whole bundle.
        list.removeIf(candidate -> candidate.provider == provider);
      }
    } finally {
      lock.unlock();
    }
    gone.forEach(candidate -> candidate.made.close());
  }

  /** The provider that serves a scheme now. */
  public Optional<ChannelProvider> provider(String scheme) {
    return find(scheme).map(Installed::provider);
  }

  /** The same, without a search. */
  public Optional<ChannelProvider> present(String scheme) {
    return look(scheme).map(Installed::provider);
  }

  Optional<Installed> find(String scheme) {
    Optional<Installed> present = look(scheme);
    if (present.isPresent()) {
      return present;
    }
    searchOnce();
    return look(scheme);
  }

  private Optional<Installed> look(String scheme) {
    lock.lock();
    try {
      return Stream.concat(installed.stream(), found.stream())
          .filter(i -> i.provider.schemes().contains(scheme))
          .findFirst();
    } finally {
      lock.unlock();
    }
  }

  private void searchOnce() {
    if (!searched.compareAndSet(false, true)) {
      // Another thread may be at it still.
      Void unused = searchDone.join();
      return;
    }
    try {
      search.accept(this);
    } finally {
      searchDone.complete(null);
    }
  }

  SortedSet<String> schemes() {
    searchOnce();
    lock.lock();
    try {
      SortedSet<String> all = new TreeSet<>();
      installed.forEach(i -> all.addAll(i.provider.schemes()));
      found.forEach(i -> all.addAll(i.provider.schemes()));
      return all;
    } finally {
      lock.unlock();
    }
  }

  /** What the providers know of other containers. */
  public List<RemoteDTO> remotes() {
    List<RemoteReport> reports = new ArrayList<>();
    lock.lock();
    try {
      for (List<Installed> list : List.of(installed, found)) {
        for (Installed each : list) {
          if (each.provider instanceof RemoteReport report) {
            reports.add(report);
          }
        }
      }
    } finally {
      lock.unlock();
    }
    return reports.stream().flatMap(report -> report.remotes().stream()).toList();
  }
}
