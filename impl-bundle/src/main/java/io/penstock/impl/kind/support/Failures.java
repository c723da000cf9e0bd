// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support;

import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;

/** Says in our terms what the system says in its own. */
public final class Failures {
  private Failures() {}

  /**
   * Why an address cannot be used.
   *
   * @param address the address as the user gave it
   * @param failure what the system said
   * @return the address type, or the failure with the address in front when the address is not to
   *     blame
   */
  public static IOException address(String address, IOException failure) {
    if (failure instanceof AddressException) {
      return failure;
    }
    String reason = reason(failure);
    String lower = reason.toLowerCase(Locale.ROOT);
    if (failure instanceof UnknownHostException) {
      return new AddressException(Kind.NOT_FOUND, address, "no such host", failure);
    }
    if (failure instanceof NoSuchFileException || lower.contains("no such file")) {
      return new AddressException(Kind.NOT_FOUND, address, "no such file or directory", failure);
    }
    if (failure instanceof AccessDeniedException
        || lower.contains("permission denied")
        || lower.contains("operation not permitted")) {
      return new AddressException(Kind.ACCESS, address, "permission denied", failure);
    }
    if (failure instanceof NotDirectoryException || lower.contains("not a directory")) {
      return new AddressException(Kind.NOT_FOUND, address, reason, failure);
    }
    if (lower.contains("in use")) {
      return new AddressException(Kind.IN_USE, address, reason, failure);
    }
    if (lower.contains("too long")) {
      return new AddressException(Kind.NAME_TOO_LONG, address, reason, failure);
    }
    if (lower.contains("refused")) {
      return new AddressException(Kind.REFUSED, address, reason, failure);
    }
    if (failure instanceof BindException) {
      return new AddressException(Kind.INVALID, address, reason, failure);
    }
    if (lower.contains("unreachable") || lower.contains("no route")) {
      return new AddressException(Kind.NOT_FOUND, address, reason, failure);
    }
    if (failure instanceof ConnectException) {
      return new AddressException(Kind.NOT_CONNECTED, address, reason, failure);
    }
    return new IOException(address + ": " + reason, failure);
  }

  /** The system's words for a failure, never empty. */
  public static String reason(IOException failure) {
    String reason =
        failure instanceof FileSystemException file && file.getReason() != null
            ? file.getReason()
            : failure.getMessage();
    return reason == null || reason.isBlank() ? failure.getClass().getSimpleName() : reason;
  }

  /** Whether a write failed because nobody reads. */
  public static boolean isBrokenPipe(IOException failure) {
    return reason(failure).toLowerCase(Locale.ROOT).contains("broken pipe");
  }
}
