// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * A throwable as plain data, so that it can leave a container whatever classes it is made of.
 *
 * @param description what its {@code toString} said, in general its class and message
 * @param message its message, or null
 * @param assertion whether it was an {@link AssertionError}
 * @param stack its stack trace
 * @param cause its cause, or null
 * @param suppressed what it suppressed
 */
public record RemoteFailure(
    String description,
    String message,
    boolean assertion,
    List<StackTraceElement> stack,
    RemoteFailure cause,
    List<RemoteFailure> suppressed)
    implements Serializable {

  /** Copies a throwable with its causes and what they suppressed; a circle ends where it closes. */
  public static RemoteFailure of(Throwable thrown) {
    return of(thrown, Collections.newSetFromMap(new IdentityHashMap<>()));
  }

  private static RemoteFailure of(Throwable thrown, Set<Throwable> seen) {
    if (thrown == null || !seen.add(thrown)) {
      return null;
    }
    List<RemoteFailure> suppressed = new ArrayList<>();
    for (Throwable each : thrown.getSuppressed()) {
      RemoteFailure copy = of(each, seen);
      if (copy != null) {
        suppressed.add(copy);
      }
    }
    return new RemoteFailure(
        thrown.toString(),
        thrown.getMessage(),
        thrown instanceof AssertionError,
        List.of(thrown.getStackTrace()),
        of(thrown.getCause(), seen),
        List.copyOf(suppressed));
  }

  /** A throwable that reads and prints like the copied one, for the reports of the host. */
  Throwable toThrowable() {
    Throwable copy = assertion ? new RemoteAssertionError(this) : new RemoteException(this);
    copy.setStackTrace(stack.toArray(StackTraceElement[]::new));
    for (RemoteFailure each : suppressed) {
      copy.addSuppressed(each.toThrowable());
    }
    return copy;
  }

  /** Stands for an assertion that failed inside a container. */
  static final class RemoteAssertionError extends AssertionError {
    private static final long serialVersionUID = 1L;
    private final String description;

    RemoteAssertionError(RemoteFailure failure) {
      super(failure.message, failure.cause == null ? null : failure.cause.toThrowable());
      description = failure.description;
    }

    @Override
    public String toString() {
      return description;
    }
  }

  /** Stands for any other throwable from inside a container. */
  static final class RemoteException extends Exception {
    private static final long serialVersionUID = 1L;
    private final String description;

    RemoteException(RemoteFailure failure) {
      super(failure.message, failure.cause == null ? null : failure.cause.toThrowable());
      description = failure.description;
    }

    @Override
    public String toString() {
      return description;
    }
  }
}
