// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.engine.Scope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.SynchronousBundleListener;

/**
 * What each bundle made through the factories: closed and reported when that bundle stops. Letting
 * a factory go closes nothing.
 */
final class Scopes implements SynchronousBundleListener {
  private final BooleanSupplier traces;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Long, Scope> scopes = new HashMap<>();

  /**
   * Nobody's yet.
   *
   * @param traces whether reports have the stack that made each thing
   */
  Scopes(BooleanSupplier traces) {
    this.traces = traces;
  }

  /** The scope of a bundle, from its first use until it stops. */
  Scope of(Bundle bundle) {
    lock.lock();
    try {
      return scopes.computeIfAbsent(
          bundle.getBundleId(),
          id -> new Scope("bundle " + bundle.getSymbolicName() + " [" + id + "]", traces));
    } finally {
      lock.unlock();
    }
  }

  /** All that there are. */
  List<Scope> all() {
    lock.lock();
    try {
      return List.copyOf(scopes.values());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void bundleChanged(BundleEvent event) {
    if (event.getType() != BundleEvent.STOPPED) {
      return;
    }
    Scope gone;
    lock.lock();
    try {
      gone = scopes.remove(event.getBundle().getBundleId());
    } finally {
      lock.unlock();
    }
    if (gone != null) {
      gone.close();
    }
  }

  /** Closes everything, for which nobody is to blame. */
  void close() {
    List<Scope> all;
    lock.lock();
    try {
      all = new ArrayList<>(scopes.values());
      scopes.clear();
    } finally {
      lock.unlock();
    }
    all.forEach(Scope::closeQuietly);
  }
}
