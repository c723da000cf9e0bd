// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.error.MemoryLimitException;
import io.penstock.spi.Memory;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.ServiceConfigurationError;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The memory for what is buffered: of each relay or poller, of each factory, and of the whole
 * container. When a limit is reached, reading pauses. After a moment the connections that have held
 * most for longest are cut, until half of the limit is free again.
 */
public final class Budgets {
  private static final System.Logger LOG = Messages.log("core");

  /** How long a connection must have been slow before it is cut, and the time between two looks. */
  static final Duration GRACE = Duration.ofMillis(500);

  private static final long QUIET_NANOS = Duration.ofMinutes(1).toNanos();
  private static final int HEAP_SHARE = 4;
  private static final int DIRECT_SHARE = 2;

  private final Engine engine;
  private final Budget heap;
  private final Budget direct;
  private final Budget container;
  // Shared, because each pipe that was made without a factory has one of them.
  private final List<Budget> heapOnly;
  private final List<Budget> directOnly;
  private final Set<Budget> limits = ConcurrentHashMap.newKeySet();
  private final Set<Account> accounts = ConcurrentHashMap.newKeySet();
  private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean relieving = new AtomicBoolean();
  private final AtomicBoolean directKnown = new AtomicBoolean();
  private volatile long factoryLimit = Long.MAX_VALUE;
  // Of the relief's thread: where the last look hoped that what was given back is enough.
  private Set<Budget> hopedFor = Set.of();

  Budgets(Engine engine) {
    this(
        engine,
        Runtime.getRuntime().maxMemory() / HEAP_SHARE,
        Runtime.getRuntime().maxMemory() / DIRECT_SHARE);
  }

  Budgets(Engine engine, long heap, long direct) {
    this.engine = engine;
    this.heap = new Budget("the heap", "give Java a larger -Xmx", heap);
    this.direct =
        new Budget(
            "the memory outside the heap", "give Java a larger -XX:MaxDirectMemorySize", direct);
    this.container = new Budget("the container", "raise memoryLimit", Long.MAX_VALUE);
    this.heapOnly = with(this.heap);
    this.directOnly = with(this.direct);
    limits.addAll(List.of(this.heap, this.direct, container));
  }

  /** The limit of everything together; none by default beside those of the virtual machine. */
  public Budget container() {
    return container;
  }

  /** What the heap has for buffers: a quarter of its largest size. */
  public Budget heap() {
    return heap;
  }

  /** What there is outside the heap: half of what Java may have there. */
  public Budget direct() {
    return direct;
  }

  /** Limits each factory's part; for those that are made from now on. */
  public void factoryLimit(long value) {
    factoryLimit = value;
  }

  /** A limit of a factory's own. */
  public Budget factory(String name) {
    return new Budget(name, "raise factoryLimit", factoryLimit);
  }

  /** A limit of a relay's own. */
  public Budget relay(String name, long limit) {
    return new Budget(name, "raise the relay's memoryLimit", limit);
  }

  /** The limits of what is kept in the heap: some of one's own, and the container's. */
  public List<Budget> inHeap(Budget... own) {
    return own.length == 0 ? heapOnly : with(heap, own);
  }

  /** The limits of what is kept outside the heap. */
  public List<Budget> outside(Budget... own) {
    return own.length == 0 ? directOnly : with(direct, own);
  }

  /** The limits of what is kept outside the heap first, and then in it. */
  public List<Budget> anywhere(Budget... own) {
    List<Budget> all = new ArrayList<>(outside(own));
    all.add(heap);
    return List.copyOf(all);
  }

  private List<Budget> with(Budget kind, Budget... own) {
    List<Budget> all = new ArrayList<>(List.of(own));
    all.add(container);
    all.add(kind);
    return List.copyOf(all);
  }

  /** Lends a provider the means to count what it keeps for a connection. */
  public Memory lend(String name, Consumer<? super IOException> cut) {
    return new LentMemory(this, name, cut);
  }

  /** An account under some limits. */
  public Account account(Account.Holder holder, List<Budget> under) {
    return new Account(this, holder, under);
  }

  /**
   * How much may be read: less while memory is scarce, 0 when there is none. Cheap: a few reads of
   * what seldom changes.
   */
  public int piece(int most, List<Budget> under) {
    int allowed = most;
    for (int i = 0; i < under.size(); i++) {
      Budget limit = under.get(i);
      if (limit.isSpent()) {
        shortage();
        return 0;
      }
      if (limit.isScarce()) {
        allowed = Math.min(allowed, Account.SMALL);
      }
    }
    return allowed;
  }

  /** Runs a task once, on a worker, when there may be memory again. */
  public void whenRoom(Runnable task, List<Budget> under) {
    waiting.add(task);
    if (piece(1, under) > 0 && waiting.remove(task)) {
      engine.execute(task);
    }
  }

  /** The virtual machine itself has no memory outside the heap left. */
  public void directFailed() {
    direct.miss();
    shortage();
  }

  /** Runs a task once, on a worker, after the next look or when others let go of memory. */
  public void whenLooked(Runnable task) {
    waiting.add(task);
    shortage();
  }

  // ---- of accounts

  long now() {
    return engine.parker().nanoTime();
  }

  void opened(Account account) {
    accounts.add(account);
    if (!directKnown.get() && direct.held() > MemoryFacts.CERTAIN && !directKnown.getAndSet(true)) {
      engine.execute(this::knowDirect);
    }
  }

  private void knowDirect() {
    try {
      direct.limit(MemoryFacts.direct() / DIRECT_SHARE);
    } catch (LinkageError | ServiceConfigurationError e) {
      // Java loads a library for it, once, and never again when there was no descriptor for that.
      LOG.log(
          Level.INFO,
          "memory outside the heap: Java could not tell -XX:MaxDirectMemorySize, so the limit of"
              + " buffers stays with the heap's size: "
              + e.getMessage());
    }
  }

  void settled(Account account) {
    accounts.remove(account);
    if (account.held() > 0) {
      // Another thread has counted more meanwhile.
      accounts.add(account);
    }
  }

  void room() {
    // Threads that find nothing left come back, and wait for the next time.
    for (int i = waiting.size(); i > 0; i--) {
      Runnable task = waiting.poll();
      if (task == null) {
        return;
      }
      engine.execute(task);
    }
  }

  // ---- when memory is short

  void shortage() {
    if (!relieving.get() && relieving.compareAndSet(false, true)) {
      next();
    }
  }

  private void next() {
    try {
      Future<?> unused = engine.schedule(GRACE, this::relieve);
    } catch (RuntimeException | Error e) {
      // The next shortage begins anew.
      relieving.set(false);
      throw e;
    }
  }

  private void relieve() {
    boolean again = true;
    try {
      again = relieveOnce();
    } finally {
      if (again) {
        next();
      }
    }
    if (!again) {
      rest();
    }
  }

  private void rest() {
    try {
      accounts.forEach(Account::forgetLooks);
    } finally {
      relieving.set(false);
    }
    if (!waiting.isEmpty() || budgetsInUse().stream().anyMatch(Budget::needsRelief)) {
      shortage();
    }
  }

  /** Returns whether there must be another look. */
  private boolean relieveOnce() {
    long now = now();
    Map<Budget, Long> heldBefore = new HashMap<>();
    for (Budget limit : budgetsInUse()) {
      heldBefore.put(limit, limit.held());
    }
    Set<Budget> givenBack = new HashSet<>();
    for (Account account : accounts) {
      long before = account.held();
      account.holder().trim();
      if (account.held() < before) {
        givenBack.addAll(account.limits());
      }
      account.look(now);
    }
    boolean again = false;
    Set<Budget> hoped = hopedFor;
    hopedFor = new HashSet<>();
    for (Budget limit : budgetsInUse()) {
      boolean missed = limit.tookMissed();
      boolean spent = limit.isReached();
      again |= missed || spent;
      // What was given back may be enough: the next look tells. Something is given back at nearly
      // every look, so hope never spares anyone twice.
      if (missed && !spent && givenBack.contains(limit) && !hoped.contains(limit)) {
        hopedFor.add(limit);
      } else if (missed || spent) {
        // What hope gave back was soon held again, and will be.
        long most = hoped.contains(limit) ? heldBefore.getOrDefault(limit, 0L) : 0;
        relieve(limit, Math.max(most, limit.held()), now);
      }
    }
    room();
    return again;
  }

  private Set<Budget> budgetsInUse() {
    Set<Budget> all = ConcurrentHashMap.newKeySet();
    all.addAll(limits);
    accounts.forEach(account -> all.addAll(account.limits()));
    return all;
  }

  private void relieve(Budget limit, long held, long now) {
    List<Candidate> slow = new ArrayList<>();
    for (Account account : accounts) {
      long time = account.slowFor(now);
      if (time >= GRACE.toNanos() && account.counts(limit)) {
        slow.add(new Candidate(account, account.held(), time));
      }
    }
    slow.sort(Comparator.comparingDouble(Candidate::weight).reversed());
    long excess = held - limit.calm();
    int cut = 0;
    long freed = 0;
    for (Candidate candidate : slow) {
      if (freed >= excess) {
        break;
      }
      // One that was cut long ago and holds on frees nothing: it must not save the others.
      if (candidate.account().letsGoWhenCut(now)) {
        freed += candidate.held();
        cut++;
      }
      cut(candidate, limit);
    }
    tell(limit, cut, freed, now);
  }

  /** One that may be cut. */
  private record Candidate(Account account, long held, long time) {
    double weight() {
      return (double) held * time;
    }
  }

  private void cut(Candidate candidate, Budget limit) {
    Account.Holder holder = candidate.account().holder();
    MemoryLimitException cause =
        new MemoryLimitException(
            holder.name(),
            "cut, because "
                + limit.name()
                + " may hold "
                + limit.limit()
                + " bytes of buffers and this connection has held "
                + candidate.held()
                + " of them for "
                + Duration.ofNanos(candidate.time()).toMillis()
                + " ms",
            candidate.held());
    engine.execute(() -> holder.cut(cause));
  }

  private void tell(Budget limit, int cut, long freed, long now) {
    if (cut > 0 && limit.mayTell(now, QUIET_NANOS)) {
      LOG.log(
          Level.WARNING,
          limit.name()
              + " has used up its memory for buffers, "
              + limit.limit()
              + " bytes: reading pauses, and of the connections that hold most for longest "
              + cut
              + " are cut now, which held "
              + freed
              + " bytes; to allow more, "
              + limit.cure());
    }
  }
}
