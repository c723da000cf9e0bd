// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.io.IOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelectionKey;
import java.nio.channels.spi.AbstractSelector;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A selector over simulated channels, as unkind as the JDK's may be: a change of interest while it
 * waits is not seen before the next select, and the close of a channel ends no wait.
 */
public final class SimSelector extends AbstractSelector {
  private final Set<SelectionKey> keys = new LinkedHashSet<>();
  private boolean wakeup;
  private SimThread waiting;
  private List<Key> watched = List.of();

  private SimSelector() {
    super(SimProvider.ONLY);
  }

  /** For Selector.open. */
  public static Selector open() throws IOException {
    Sim.point();
    return new SimSelector();
  }

  private final class Key extends AbstractSelectionKey {
    private final SelectableChannel channel;
    private int interest;
    private int watchedOps;
    private volatile int ready;

    Key(SelectableChannel channel) {
      this.channel = channel;
    }

    @Override
    public SelectableChannel channel() {
      return channel;
    }

    @Override
    public Selector selector() {
      return SimSelector.this;
    }

    /**
     * What is ready; one of the system's own, with which the product tries a selector, to write.
     */
    int readyNow() {
      return channel instanceof SimSelectable own ? own.readyOps() : SelectionKey.OP_WRITE;
    }

    private void check() {
      if (!isValid()) {
        throw new CancelledKeyException();
      }
    }

    @Override
    public int interestOps() {
      check();
      return interest;
    }

    @Override
    public SelectionKey interestOps(int ops) {
      Sim.point();
      check();
      interest = ops;
      return this;
    }

    @Override
    public int interestOpsOr(int ops) {
      Sim.point();
      check();
      int before = interest;
      interest |= ops;
      return before;
    }

    @Override
    public int interestOpsAnd(int ops) {
      Sim.point();
      check();
      int before = interest;
      interest &= ops;
      return before;
    }

    @Override
    public int readyOps() {
      check();
      return ready;
    }
  }

  @Override
  protected SelectionKey register(AbstractSelectableChannel channel, int ops, Object attachment) {
    if (!isOpen()) {
      throw new ClosedSelectorException();
    }
    Key key = new Key(channel);
    key.interest = ops;
    key.attach(attachment);
    keys.add(key);
    if (channel instanceof SimSelectable own) {
      own.add(key);
    }
    return key;
  }

  private void forgetCancelled() {
    for (SelectionKey key : new ArrayList<>(keys)) {
      if (!key.isValid()) {
        keys.remove(key);
        deregister((Key) key);
      }
    }
    cancelledKeys().clear();
  }

  /** The channel has changed: whoever waits for that goes on. */
  void changed(SelectionKey key) {
    Key own = (Key) key;
    if (waiting != null && (own.watchedOps & own.readyNow()) != 0 && own.isValid()) {
      wakeWaiting();
    }
  }

  private void wakeWaiting() {
    SimThread thread = waiting;
    if (thread != null) {
      waiting = null;
      Sim.active.wake(thread);
    }
  }

  private int find(Consumer<SelectionKey> action, long nanos) throws IOException {
    Sim sim = Sim.active;
    sim.step();
    if (!isOpen()) {
      throw new ClosedSelectorException();
    }
    forgetCancelled();
    watched = new ArrayList<>();
    for (SelectionKey each : keys) {
      Key key = (Key) each;
      key.watchedOps = key.interest;
      watched.add(key);
    }
    long until = nanos == Long.MAX_VALUE ? nanos : sim.now() + nanos;
    while (!wakeup && sim.now() < until && !anyReady() && isOpen()) {
      SimThread me = sim.current();
      if (me.interrupted) {
        break;
      }
      waiting = me;
      me.onOther = true;
      boolean unused = sim.block(until, "a selector", false);
      me.onOther = false;
      waiting = null;
    }
    wakeup = false;
    if (!isOpen()) {
      throw new ClosedSelectorException();
    }
    List<Key> found = new ArrayList<>();
    for (Key key : watched) {
      int ready = key.isValid() ? key.watchedOps & key.readyNow() : 0;
      key.watchedOps = 0;
      if (ready != 0) {
        key.ready = ready;
        // In any order, as a kernel's.
        found.add(sim.dice().below(found.size() + 1), key);
      }
    }
    forgetCancelled();
    int n = 0;
    for (Key key : found) {
      if (key.isValid()) {
        n++;
        action.accept(key);
      }
    }
    return n;
  }

  private boolean anyReady() {
    for (Key key : watched) {
      if (key.isValid() && (key.watchedOps & key.readyNow()) != 0) {
        return true;
      }
    }
    return false;
  }

  @Override
  public int select(Consumer<SelectionKey> action, long millis) throws IOException {
    return find(action, millis == 0 ? Long.MAX_VALUE : millis * 1_000_000);
  }

  @Override
  public int select(Consumer<SelectionKey> action) throws IOException {
    return find(action, Long.MAX_VALUE);
  }

  @Override
  public int selectNow(Consumer<SelectionKey> action) throws IOException {
    return find(action, 0);
  }

  @Override
  public int selectNow() throws IOException {
    return find(key -> {}, 0);
  }

  @Override
  public int select(long millis) throws IOException {
    return find(key -> {}, millis == 0 ? Long.MAX_VALUE : millis * 1_000_000);
  }

  @Override
  public int select() throws IOException {
    return find(key -> {}, Long.MAX_VALUE);
  }

  @Override
  public Set<SelectionKey> keys() {
    return keys;
  }

  @Override
  public Set<SelectionKey> selectedKeys() {
    throw new UnsupportedOperationException("selectedKeys is not simulated");
  }

  @Override
  public Selector wakeup() {
    Sim.point();
    wakeup = true;
    wakeWaiting();
    return this;
  }

  @Override
  protected void implCloseSelector() {
    wakeWaiting();
    for (SelectionKey key : new ArrayList<>(keys)) {
      key.cancel();
    }
    forgetCancelled();
  }
}
