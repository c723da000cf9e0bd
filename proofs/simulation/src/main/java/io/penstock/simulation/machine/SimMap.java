// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;

/** In place of a ConcurrentHashMap: its views are copies, in the order in which things came. */
public final class SimMap<K, V> extends LinkedHashMap<K, V> implements ConcurrentMap<K, V> {
  private static final long serialVersionUID = 1;

  /** As the JDK's. */
  public SimMap() {}

  /** As the JDK's. */
  public SimMap(int size) {
    super(size);
  }

  @Override
  public V getOrDefault(Object key, V value) {
    return super.getOrDefault(key, value);
  }

  @Override
  public V get(Object key) {
    Sim.point();
    return super.get(key);
  }

  @Override
  public V put(K key, V value) {
    Sim.point();
    return super.put(key, value);
  }

  @Override
  public V putIfAbsent(K key, V value) {
    Sim.point();
    return super.putIfAbsent(key, value);
  }

  @Override
  public V remove(Object key) {
    Sim.point();
    return super.remove(key);
  }

  @Override
  public boolean remove(Object key, Object value) {
    Sim.point();
    return super.remove(key, value);
  }

  @Override
  public Set<K> keySet() {
    return java.util.Collections.unmodifiableSet(new LinkedHashSet<>(super.keySet()));
  }

  @Override
  public Collection<V> values() {
    return java.util.Collections.unmodifiableList(new ArrayList<>(super.values()));
  }

  @Override
  public Set<Map.Entry<K, V>> entrySet() {
    return java.util.Collections.unmodifiableSet(new LinkedHashSet<>(super.entrySet()));
  }
}
