// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.error.AddressException;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.engine.Faults;

/** Says in a log why something cannot be now, and what to do about it. */
final class Reasons {
  private Reasons() {}

  /** One line: what happened, and what helps. */
  static String of(Throwable failure) {
    Throwable cause = Faults.unwrap(failure);
    String message = cause.getMessage();
    return (message == null ? cause.getClass().getSimpleName() : message) + advice(cause);
  }

  private static String advice(Throwable cause) {
    Throwable address = cause;
    while (address != null && !(address instanceof AddressException)) {
      address = address.getCause();
    }
    if (address instanceof AddressException e) {
      return switch (e.kind()) {
        case IN_USE, ALREADY -> "; end the program that has it, or configure another address";
        case NOT_FOUND -> "; check how it is spelled, or make it";
        case ACCESS -> "; grant access to it, or configure another address";
        case REFUSED, NOT_CONNECTED -> "; check that the peer runs and listens there";
        case NAME_TOO_LONG -> "; configure a shorter one";
        case INVALID -> "; correct the configuration";
      };
    }
    return cause instanceof NotSupportedException
        ? "; install what provides it, or correct the configuration"
        : "";
  }
}
