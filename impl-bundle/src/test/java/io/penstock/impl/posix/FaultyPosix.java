// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Native calls of which one fails when it is told to: with an error, or by moving one byte only. A
 * {@code close} closes whatever it answers, as the system's does.
 */
public final class FaultyPosix {
  /** The errors that cost nothing where bytes are moved, and those that cost the connection. */
  public enum Fault {
    /** Interrupted by a signal. */
    EINTR(4),
    /** Not now. */
    EAGAIN(11),
    /** A device failed. */
    EIO(5),
    /** Short of memory. */
    ENOMEM(12),
    /** Short of descriptors. */
    EMFILE(24),
    /** Only one byte is moved. */
    SHORT(0);

    private final int errno;

    Fault(int errno) {
      this.errno = errno;
    }
  }

  private static final Set<String> MOVERS = Set.of("recv", "send", "splice");

  private record Plan(String call, Fault fault, int nth, AtomicInteger seen) {}

  private final AtomicReference<Plan> plan = new AtomicReference<>();
  private final AtomicInteger struck = new AtomicInteger();
  private final Map<String, AtomicInteger> counts = new TreeMap<>();
  private final PosixAccess access;

  /** Wraps the calls that this Java makes. */
  public FaultyPosix() {
    PosixAccess real = new PosixAccess(null);
    Posix calls = real.calls();
    if (calls == null) {
      throw new IllegalStateException("no native calls here");
    }
    for (Method method : Posix.class.getMethods()) {
      counts.put(method.getName(), new AtomicInteger());
    }
    InvocationHandler handler = (proxy, method, arguments) -> call(calls, method, arguments);
    Posix faulty =
        (Posix)
            Proxy.newProxyInstance(
                Posix.class.getClassLoader(), new Class<?>[] {Posix.class}, handler);
    access = new PosixAccess(real.mode(), faulty);
  }

  /** What providers are given. */
  public PosixAccess access() {
    return access;
  }

  /** The calls that were made since {@link #count}. */
  public List<String> made() {
    return counts.entrySet().stream()
        .filter(entry -> entry.getValue().get() > 0 && !entry.getKey().equals("address"))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Begins to count calls. */
  public void count() {
    counts.values().forEach(count -> count.set(0));
  }

  /** Has the nth call from now on fail. */
  public void arm(String call, Fault fault, int nth) {
    struck.set(0);
    plan.set(new Plan(call, fault, nth, new AtomicInteger()));
  }

  /** Strikes no more; whether a call was struck. */
  public boolean disarm() {
    plan.set(null);
    return struck.get() > 0;
  }

  private Object call(Posix real, Method method, Object[] arguments) throws Throwable {
    counts.get(method.getName()).incrementAndGet();
    Plan present = plan.get();
    boolean hit =
        present != null
            && present.call.equals(method.getName())
            && present.seen.incrementAndGet() == present.nth;
    if (hit) {
      struck.incrementAndGet();
      if (present.fault == Fault.SHORT) {
        return invoke(real, method, shortened(method, arguments));
      }
      if (method.getName().equals("close")) {
        invoke(real, method, arguments);
      }
      return -present.fault.errno;
    }
    return invoke(real, method, arguments);
  }

  private static Object[] shortened(Method method, Object[] arguments) {
    Object[] fewer = Arrays.copyOf(arguments, arguments.length);
    if (MOVERS.contains(method.getName())) {
      int length = method.getName().equals("splice") ? 4 : 2;
      fewer[length] = Math.min(1L, (long) fewer[length]);
    }
    return fewer;
  }

  private static Object invoke(Posix real, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(real, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
