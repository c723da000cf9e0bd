// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.locks.LockSupport;

/** What keeps the stack of a simulated thread while another one runs. */
abstract class Carrier {
  private static final Continuations FAST = Continuations.find();

  /** Runs the thread until it leaves or ends. For the scheduler. */
  abstract void resume();

  /** Lets the scheduler go on. For the thread. */
  abstract void leave();

  static Carrier make(SimThread thread, Runnable body) {
    return FAST != null ? FAST.make(body) : new Baton(thread, body);
  }

  static String kind() {
    return FAST != null ? "continuations" : "threads";
  }

  /**
   * The JDK's own continuations, from 21 on, if they were exported: a switch costs no system call.
   */
  private record Continuations(
      Object scope, MethodHandle create, MethodHandle run, MethodHandle leave) {
    static Continuations find() {
      try {
        Class<?> scopes = Class.forName("jdk.internal.vm.ContinuationScope");
        Class<?> type = Class.forName("jdk.internal.vm.Continuation");
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        Object scope =
            lookup
                .findConstructor(scopes, MethodType.methodType(void.class, String.class))
                .invoke("simulation");
        return new Continuations(
            scope,
            lookup
                .findConstructor(type, MethodType.methodType(void.class, scopes, Runnable.class))
                .asType(MethodType.methodType(Object.class, Object.class, Runnable.class)),
            lookup
                .findVirtual(type, "run", MethodType.methodType(void.class))
                .asType(MethodType.methodType(void.class, Object.class)),
            lookup
                .findStatic(type, "yield", MethodType.methodType(boolean.class, scopes))
                .asType(MethodType.methodType(boolean.class, Object.class)));
      } catch (Throwable e) {
        return null;
      }
    }

    Carrier make(Runnable body) {
      Object made;
      try {
        made = (Object) create.invokeExact(scope, body);
      } catch (Throwable e) {
        throw new LinkageError("no continuation", e);
      }
      return new Carrier() {
        @Override
        void resume() {
          try {
            run.invokeExact(made);
          } catch (Throwable e) {
            throw new LinkageError("a continuation failed", e);
          }
        }

        @Override
        void leave() {
          try {
            boolean unused = (boolean) leave.invokeExact(scope);
          } catch (Throwable e) {
            throw new LinkageError("a continuation cannot be left", e);
          }
        }
      };
    }
  }

  /** A thread of the JVM that runs only while it has the baton. */
  private static final class Baton extends Carrier {
    private final Thread scheduler = Thread.currentThread();
    private final Thread own;
    private volatile boolean mine;
    private boolean begun;

    Baton(SimThread thread, Runnable body) {
      this.own =
          new Thread(
              null,
              () -> {
                body.run();
                mine = false;
                LockSupport.unpark(scheduler());
              },
              "simulated " + thread.getName(),
              256 * 1024);
      own.setDaemon(true);
    }

    private Thread runs;

    private Thread scheduler() {
      return runs == null ? scheduler : runs;
    }

    @Override
    void resume() {
      runs = Thread.currentThread();
      mine = true;
      if (begun) {
        LockSupport.unpark(own);
      } else {
        begun = true;
        own.start();
      }
      while (mine) {
        LockSupport.park(this);
      }
    }

    @Override
    void leave() {
      mine = false;
      LockSupport.unpark(scheduler());
      while (!mine) {
        LockSupport.park(this);
      }
    }
  }
}
